#!/usr/bin/env node
// The compiler of npm behind the command line that forge expects of a native one: --version, and
// --standard-json from standard input to standard output.
import { readFileSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'

const solc = createRequire(import.meta.url)('solc')
const asked = process.argv.slice(2)

/** Imports of imports, whose names are paths from forge's folder. */
function readImport(path) {
  try {
    return { contents: readFileSync(path, 'utf8') }
  } catch {
    return { error: `no file ${path}` }
  }
}

/** A pipe takes 64 KiB at a time, and the process must not end before it has taken all. */
function writeAll(text) {
  const bytes = Buffer.from(text)
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(1, bytes, written)
    } catch (thrown) {
      if (thrown.code !== 'EAGAIN') throw thrown
    }
  }
}

if (asked.includes('--version')) {
  const version = solc.version().replace('Emscripten.clang', 'Linux.g++')
  writeAll(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`)
} else if (asked.includes('--standard-json')) {
  writeAll(solc.compile(readFileSync(0, 'utf8'), { import: readImport }))
} else {
  console.error(`only --version and --standard-json, not: ${asked.join(' ')}`)
  process.exitCode = 1
}
