//! Any bytes, in any pieces: no panic, every accepted packet encodes again to a frame that decodes
//! to the same packet, and a whole frame after the bytes is always seen.
#![no_main]

use firmware_wire::{Decoder, FromHost, FromNode, HostPacket, MAX_FRAME, NodePacket, SyncReply, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, bytes) = input;
    let mut frame = [0; MAX_FRAME];
    let sentinel = NodePacket::Sync(SyncReply { id: u32::MAX, ..SyncReply::default() });
    let sentinel = encode::<FromNode>(&sentinel, &mut frame).expect("a reply fits").to_vec();
    let mut from_node = Decoder::<FromNode>::new();
    let mut from_host = Decoder::<FromHost>::new();
    let mut seen = 0;
    let stream = [bytes, sentinel.as_slice()].concat();
    for part in stream.chunks(usize::from(cut).max(1)) {
        from_node.feed(part, |packet| {
            let Ok(packet) = packet else { return };
            seen += usize::from(matches!(&packet, NodePacket::Sync(reply) if reply.id == u32::MAX));
            let mut again = [0; MAX_FRAME];
            let bytes = encode::<FromNode>(&packet, &mut again).expect("what was decoded fits");
            let mut decoder = Decoder::<FromNode>::new();
            decoder.feed(bytes, |back| assert_eq!(back.as_ref(), Ok(&packet)));
        });
        from_host.feed(part, |packet| {
            if let Ok(packet) = packet {
                let mut again = [0; MAX_FRAME];
                assert!(encode::<FromHost>(&packet, &mut again).is_ok());
                let _: HostPacket = packet;
            }
        });
    }
    assert!(seen >= 1, "the whole frame after the bytes was lost");
});
