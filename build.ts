/**
 * `node build.ts [OUTDIR]`: bundles Weft into `dist`: `weft.js`, the command line; `embedded.js`, the agent for other
 * programs; `dns-thread.js`, the thread that answers questions; chunks of what they share, which are loaded when they
 * are needed; `page`, what browsers load; and `weft.sh`, which starts the command line. Maps lie beside them for reading traces; nothing needs them to run.
 */
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

/**
 * What Weft never calls. Of dockerode: ssh, and building images. Of Fastify: schemas other than zod's, and requests
 * without a network. Of prom-client: traces, and quantiles of summaries. 10 MB of source, each of which the agent would
 * keep in memory.
 */
const notNeeded = new RegExp(
  `^(${[
    ...['ssh2', 'cpu-features', '@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'tar-fs'],
    ...['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request'],
    ...['@opentelemetry/api', 'tdigest'],
  ].join('|')})$`,
);
/** zod brings its messages in 50 languages, and its own index of them holds on to all. */
const languages = /locales\/index\.js$/;

const outputDirectory = process.argv[2] ?? 'dist';

await rm(outputDirectory, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: { weft: 'src/main.ts', embedded: 'src/weft.ts', 'dns-thread': 'src/dns/thread.ts' },
  outdir: outputDirectory,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  sourcemap: 'external',
  legalComments: 'linked',
  // A third less to keep in memory; names stay whole in traces and logs.
  minifyWhitespace: true,
  minifySyntax: true,
  metafile: true,
  logLevel: 'warning',
  // Packages of the CommonJS kind call `require` for what Node brings.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  plugins: [leaveOut()],
});
const { metafile: pageFiles } = await build({
  entryPoints: ['src/api/page/main.ts', 'src/api/page/page.css'],
  outdir: join(outputDirectory, 'page'),
  bundle: true,
  minify: true,
  platform: 'browser',
  // What has light-dark() in its styles has this too.
  target: 'es2023',
  format: 'esm',
  metafile: true,
  logLevel: 'warning',
});
const page = await readFile('src/api/page/index.html', 'utf8');
await writeFile(join(outputDirectory, 'page', 'index.html'), page.replace('page/main.ts', 'page/main.js'));
await copyFile('deploy/weft.sh', join(outputDirectory, 'weft.sh'));
report(metafile);
report(pageFiles);

/** Puts functions that say so, when called, in the place of each package that is not needed. */
function leaveOut(): Plugin {
  return {
    name: 'leave-out',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: notNeeded }, ({ path }) => ({ path, namespace: 'left-out' }));
      onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
        contents: `module.exports = new Proxy({}, {
          get: () => () => { throw new Error('${path} is not part of this build'); },
        });`,
      }));
      onLoad({ filter: languages }, () => ({ contents: `export { default as en } from './en.js';` }));
    },
  };
}

function report({ outputs }: Metafile): void {
  for (const [file, { bytes }] of Object.entries(outputs)) {
    if (/\.(js|css)$/.test(file)) console.log(`${basename(file)} ${Math.ceil(bytes / 1024)} kB`);
  }
}
