#!/usr/bin/env node
// Compiles the sources and the pages into dist/ and makes the command executable; run by `npm ci` through `prepare`.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'

const run = (command, args) => {
  const { status } = spawnSync(process.execPath, [command, ...args], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

if (!existsSync('node_modules/typescript')) process.exit(0)
run('node_modules/typescript/bin/tsc', ['-p', 'tsconfig.build.json'])
for (const page of ['web/app', 'web/app/inspect'])
  if (existsSync(`${page}/vite.config.ts`))
    run('node_modules/vite/bin/vite.js', ['build', page, '--logLevel', 'warn'])
if (existsSync('dist/bin/meterhood.js')) chmodSync('dist/bin/meterhood.js', 0o755)
// Younger than whatever it was made of: specs/built.ts asks.
writeFileSync('dist/.built', '')
