//! candle beside the cpu kernel, on candle's own CPU device: the arithmetic of the `cuda` backend without a GPU.
#![cfg(feature = "candle")]
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use candle_core::Device;
use models_infer::backend::candle::Candle;
use models_infer::backend::check::beside_the_cpu;
use models_infer::network::Network;
use models_infer::release::Release;

#[test]
fn whole_shots_agree_with_the_cpu_kernel() {
    for name in ["strip-ps-001", "plate-ps-003"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../weights");
        let release = Release::load(&folder.join(name)).unwrap();
        let net = Arc::new(Network::new(&release).unwrap());
        let mut candle = Candle::on(&net, Device::Cpu, "candle on the cpu").unwrap();
        let worst = beside_the_cpu("candle", &mut candle, &net, 1e-5).unwrap();
        println!("{name}: {worst:.1e} of full scale");
        assert!(worst > 0.0);
    }
}

/// A build with the GPU's kernels on a machine without one.
#[cfg(feature = "cuda")]
#[test]
fn a_gpu_is_used_or_refused() {
    use models_infer::backend::{Any, open};
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../weights/strip-ps-001");
    let net = Arc::new(Network::new(&Release::load(&folder).unwrap()).unwrap());
    match open(&"cuda".parse().unwrap(), &net, 1e-4) {
        Ok(any) => assert!(matches!(any, Any::Candle(_))),
        Err(error) => assert!(error.to_string().contains("nvidia-smi"), "{error}"),
    }
    assert!(open(&"cuda:99".parse().unwrap(), &net, 1e-4).is_err());
}
