// Prints what the browser has to load, plain and gzipped.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const files = [];
const walk = (folder) => {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) walk(path);
    else files.push(path);
  }
};
walk("dist");
let plain = 0;
let zipped = 0;
for (const path of files.sort()) {
  const bytes = readFileSync(path);
  const small = gzipSync(bytes).length;
  plain += bytes.length;
  zipped += small;
  console.log(`${(bytes.length / 1024).toFixed(1).padStart(8)} KiB ${(small / 1024).toFixed(1).padStart(8)} KiB gzip  ${path}`);
}
console.log(`${(plain / 1024).toFixed(1).padStart(8)} KiB ${(zipped / 1024).toFixed(1).padStart(8)} KiB gzip  in all`);
