// `npm run fake`: the fake box on port 8090 (or the first argument), for `npm run dev` or by itself.
import { FakeBox } from "./server.ts";

const address = await new FakeBox().listen(Number(process.argv[2] ?? 8090));
console.log(`${address}  users: jiwoo / engineer-pass, minho / operator-pass, sora / viewer-pass1, newcomer / first-password`);
