/**
 * `node build.ts [OUTDIR]`: bundles Weft into `dist`: `weft.js`, the command line; `embedded.js`, the agent for other
 * programs; `dns-thread.js`, the thread that answers questions; chunks of what they share, which are loaded when they
 * are needed; `page`, what browsers load; and `weft.sh`, which starts the command line. Maps lie beside them for reading traces; nothing needs them to run.
 */
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

/**
 * What Weft never calls. Of dockerode: ssh, and building images. Of Fastify: schemas other than zod's, and requests
 * without a network. Of prom-client: traces, and quantiles of summaries. Of Noise: a second SHA-256. 10 MB of source,
 * each of which the agent would keep in memory.
 */
const notNeeded = new RegExp(
  `^(${[
    ...['ssh2', 'cpu-features', '@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'tar-fs'],
    ...['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request'],
    ...['@opentelemetry/api', 'tdigest', '@chainsafe/as-sha256'],
  ].join('|')})$`,
);
/** Of dns2 only its packets are used; its servers and clients load HTTP and TLS, also into the thread that answers. */
const notNeededOfDns2 = /^\.\/(server|client\/\w+)$/;
/** zod brings its messages in 50 languages, and its own index of them holds on to all. */
const languages = /locales\/index\.js$/;

/** Words of packages that have every agent load what it does not need, and what does as well. */
const rewritten = [
  // Loads a part of ICU's tables, and is read anew for each flag of each command, which took a tenth of the time to start; our flags are in ASCII.
  { files: /\/commander\/lib\/option\.js$/, from: /\\p\{ID_Continue\}/g, to: '\\w' },
  // Takes random numbers from `webcrypto`, which brings all of that along.
  {
    files: /\/lib0\/webcrypto\.node\.js$/,
    from: /^.*$/gs,
    to: "export { randomFillSync as getRandomValues } from 'node:crypto'; export const subtle = undefined;",
  },
  // Puts addresses in an order, whichever; ICU's takes 2 MB.
  {
    files: /\/@libp2p\/peer-(record|store)\/dist\/.*\.js$/,
    from: /([\w.]+(?:\(\))?)\.localeCompare\(([\w.]+(?:\(\))?)\)/g,
    to: '($1 < $2 ? -1 : Number($1 > $2))',
  },
];

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
  plugins: [leaveOut(), requireOwn(), requireLate(), rewrite()],
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
      onResolve({ filter: notNeededOfDns2 }, ({ path, importer }) =>
        importer.endsWith('/dns2/index.js') ? { path, namespace: 'left-out' } : undefined,
      );
      onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
        contents: `module.exports = new Proxy({}, {
          get: () => () => { throw new Error('${path} is not part of this build'); },
        });`,
      }));
      onLoad({ filter: languages }, () => ({ contents: `export { default as en } from './en.js';` }));
    },
  };
}

/**
 * Has some of Node's own modules loaded by `require`: an `import` looks at every export, and to look at `WebSocket`,
 * `webcrypto` or `promises` there loads modules that nobody here uses, 900 kB of source.
 */
function requireOwn(): Plugin {
  const namespace = 'own';
  const require = createRequire(import.meta.url);
  return {
    name: 'require-own',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^(node:)?(http|crypto|fs)$/ }, ({ path, kind }) =>
        kind === 'import-statement' ? { path, namespace } : undefined,
      );
      onLoad({ filter: /.*/, namespace }, ({ path }) => {
        const plain = Object.entries(Object.getOwnPropertyDescriptors(require(path))).filter(([, { get }]) => !get);
        return {
          contents: `const own = require('${path}');
            export default own;
            ${plain.map(([name]) => `export const ${name} = own.${name};`).join(' ')}`,
        };
      });
    },
  };
}

/** Has Node's TLS and HTTP/2 loaded when somebody uses them, and not by whoever might. */
function requireLate(): Plugin {
  const namespace = 'late';
  return {
    name: 'require-late',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^(node:)?(https|http2|tls)$/ }, ({ path, namespace: from }) =>
        from === namespace ? { path, external: true } : { path, namespace },
      );
      onLoad({ filter: /.*/, namespace }, ({ path }) => ({
        contents: `module.exports = new Proxy({}, { get: (_, name) => require('${path}')[name] });`,
      }));
    },
  };
}

/** Puts other words in the place of those listed; fails where a package has them no more. */
function rewrite(): Plugin {
  return {
    name: 'rewrite',
    setup({ onLoad, onEnd }) {
      const done = new Set<(typeof rewritten)[number]>();
      for (const rule of rewritten)
        onLoad({ filter: rule.files }, async ({ path }) => {
          const before = await readFile(path, 'utf8');
          const contents = before.replaceAll(rule.from, rule.to);
          if (contents !== before) done.add(rule);
          return { contents };
        });
      onEnd(() => ({
        errors: rewritten.filter((rule) => !done.has(rule)).map(({ from }) => ({ text: `no ${from}` })),
      }));
    },
  };
}

function report({ outputs }: Metafile): void {
  for (const [file, { bytes }] of Object.entries(outputs)) {
    if (/\.(js|css)$/.test(file)) console.log(`${basename(file)} ${Math.ceil(bytes / 1024)} kB`);
  }
}
