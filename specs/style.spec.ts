import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
const LINE_MOST = 110
const FUNCTION_MOST = 70
const FILE_MOST = 400

/** One source file, by its path from the root of the house. */
interface Source {
  readonly path: string
  readonly text: string
  readonly tree: ts.SourceFile
}

/** A breach: where it is, what it is, and what to do. */
type Breach = string

const SKIPPED = new Set(['node_modules', 'dist', '.git', 'build', 'vectors', 'profiles'])

function filesUnder(folder: string, wanted: (name: string) => boolean): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesUnder(path, wanted)
    return wanted(entry.name) ? [path] : []
  })
}

function source(path: string, text: string): Source {
  return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true) }
}

const HOUSE = ['actors', 'protocols', 'chain', 'hardware', 'web', 'bin', 'bench', 'specs']

function theHouse(): Source[] {
  return HOUSE.flatMap((folder) =>
    filesUnder(join(ROOT, folder), (name) => /(?<!\.gen)\.tsx?$/.test(name)),
  ).map((path) => source(relative(ROOT, path), readFileSync(path, 'utf8')))
}

const at = ({ path }: Source, line: number, what: string, fix: string): Breach =>
  `${path}:${line}: ${what}; ${fix}`

const lineOf = ({ tree }: Source, node: ts.Node): number =>
  tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  node.forEachChild((child) => walk(child, visit))
}

function breachesOf(file: Source, judge: (node: ts.Node) => readonly [string, string] | undefined): Breach[] {
  const found: Breach[] = []
  walk(file.tree, (node) => {
    const breach = judge(node)
    if (breach !== undefined) found.push(at(file, lineOf(file, node), ...breach))
  })
  return found
}

/** Values that a file imports (types are free): its own files by path from the root, packages by name. */
function valueImports(file: Source): { readonly target: string; readonly line: number }[] {
  const found: { target: string; line: number }[] = []
  walk(file.tree, (node) => {
    const names = ts.isImportDeclaration(node) ? node.importClause : undefined
    const isType =
      (ts.isImportDeclaration(node) && names?.phaseModifier === ts.SyntaxKind.TypeKeyword) ||
      (ts.isExportDeclaration(node) && node.isTypeOnly)
    const specifier =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node) ? node.moduleSpecifier : undefined
    if (specifier === undefined || !ts.isStringLiteral(specifier) || isType) return
    const { text } = specifier
    const target = text.startsWith('.') ? join(dirname(file.path), text) : text
    found.push({ target, line: lineOf(file, node) })
  })
  return found
}

/** Which packages and which parts of the house a file may import as values; DESIGN's table of arrows. */
interface Arrow {
  readonly from: RegExp
  readonly never: RegExp
  readonly why: string
}

const ARROWS: readonly Arrow[] = [
  {
    from: /^protocols\/rules\//,
    never: /^(?!protocols\/rules\/)/,
    why: 'rules import only rules: hand the value in',
  },
  {
    from: /^protocols\/(crypto|messages)\//,
    never: /^(node:(net|https?|dgram|tls|fs)|actors|chain|hardware|web|bin|protocols\/p2p|@?libp2p|fastify)/,
    why: 'crypto and messages know no network: return bytes instead',
  },
  {
    from: /^protocols\/p2p\//,
    never: /^(actors|chain|hardware|web|bin)\//,
    why: 'p2p knows no actor and no chain: take a callback',
  },
  {
    from: /^hardware\//,
    never: /^(actors|chain|web|bin|protocols\/(p2p|crypto|messages))\//,
    why: 'hardware knows readings and units only',
  },
  {
    from: /^hardware\/(?!ports\/)/,
    never: /^(serialport|modbus-serial|mqtt|node:(net|tls|dgram))/,
    why: 'drivers live in hardware/ports: take the port as a parameter',
  },
  {
    from: /^chain\/proxy\//,
    never: /^(actors|protocols\/p2p|web|bin)\//,
    why: 'a proxy returns facts to whoever asks',
  },
  {
    from: /^actors\/(.*\/)?machine\.ts$/,
    never: /^(?!xstate$|protocols\/rules\/|actors\/placeholder\.ts$)/,
    why: 'a machine imports xstate, rules and types: put the effect in live.ts',
  },
  {
    from: /^web\//,
    never: /^(libp2p|@libp2p|ethers|chain\/(contracts|bindings))/,
    why: 'pages read the read-model: let the gateway fill it',
  },
  {
    from: /^(?!bin\/|specs\/|bench\/)/,
    never: /^bin\//,
    why: 'nothing imports bin: move the value out of it',
  },
  { from: /^(?!specs\/)/, never: /^specs\//, why: 'the product does not import its tests' },
  { from: /^(?!specs\/|bench\/|bin\/)/, never: /^bench\//, why: 'only bin starts a measurement' },
]

function arrowBreaches(file: Source): Breach[] {
  return valueImports(file).flatMap(({ target, line }) => {
    const own = /^actors\/([^/]+)\//.exec(file.path)?.[1]
    const other = /^actors\/([^/]+)\/live\.ts$/.exec(target)?.[1]
    const foreign =
      file.path.endsWith('/live.ts') && own !== undefined && other !== undefined && other !== own
        ? [at(file, line, `imports ${target}`, "another actor's live.ts is wired in bin, not here")]
        : []
    const wrong = ARROWS.filter(({ from, never }) => from.test(file.path) && never.test(target))
    return [...foreign, ...wrong.map(({ why }) => at(file, line, `imports ${target}`, why))]
  })
}

function sizeBreaches(file: Source): Breach[] {
  const lines = file.text.split('\n')
  const long = lines.flatMap((line, i) =>
    line.length > LINE_MOST ? [at(file, i + 1, `a line of ${line.length}`, `break it at ${LINE_MOST}`)] : [],
  )
  const count = lines.at(-1) === '' ? lines.length - 1 : lines.length
  const big =
    count > FILE_MOST ? [at(file, 1, `a file of ${count} lines`, `split it below ${FILE_MOST}`)] : []
  return [...long, ...big]
}

/** Functions, by their lines from the first to the last; those of specs describe, and are not measured. */
function functionBreaches(file: Source): Breach[] {
  if (file.path.startsWith('specs/')) return []
  return breachesOf(file, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return undefined
    const first = lineOf(file, node)
    const last = file.tree.getLineAndCharacterOfPosition(node.getEnd()).line + 1
    const lines = last - first + 1
    if (lines <= FUNCTION_MOST) return undefined
    return [`a function of ${lines} lines`, `give its parts names until it is below ${FUNCTION_MOST}`]
  })
}

const called = (node: ts.CallExpression): string => node.expression.getText()

/**
 * Calls that hide time, chance or output, and where they are at home; a page in a browser has its own clock.
 */
function callBreaches(file: Source): Breach[] {
  const free = /^(specs|bench)\/|^bin\/clock\.ts$|^web\/app\//.test(file.path)
  const mayPrint = /^(bin|bench)\/|^chain\/bindings\/generate\.ts$/.test(file.path)
  return breachesOf(file, (node) => {
    if (ts.isCallExpression(node)) {
      if (!free && called(node) === 'Date.now') return ['Date.now()', 'take a Clock as a value']
      if (!free && called(node) === 'Math.random') return ['Math.random()', 'take a RandomSource as a value']
      if (!mayPrint && called(node).startsWith('console.')) return ['console', 'return it, or hand in a log']
    }
    const bare = ts.isNewExpression(node) && node.expression.getText() === 'Date'
    if (!free && bare && (node.arguments?.length ?? 0) === 0) return ['new Date()', 'take a Clock as a value']
    return undefined
  })
}

/** Ways to silence the compiler. */
function castBreaches(file: Source): Breach[] {
  const comments = file.text
    .split('\n')
    .flatMap((line, i) =>
      /^\s*(\/\/|\/\*).*@ts-(ignore|nocheck|expect-error)/.test(line)
        ? [at(file, i + 1, 'a compiler error is silenced', 'give the value its type')]
        : [],
    )
  const nodes = breachesOf(file, (node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) return ['any', 'name the type, or use unknown and check it']
    if (ts.isNonNullExpression(node)) return ['!', 'check for undefined, or throw a Fault']
    const twice = ts.isAsExpression(node) && ts.isAsExpression(node.expression)
    if (twice && node.expression.type.kind === ts.SyntaxKind.UnknownKeyword) {
      return ['as unknown as', 'parse the value at the door']
    }
    return undefined
  })
  return [...comments, ...nodes]
}

const BANNED_NAME = /^(utils?|helpers?|managers?|common|misc)(\.|$)/

function nameBreaches(path: string): Breach[] {
  return path
    .split('/')
    .filter((part) => BANNED_NAME.test(part))
    .map((part) => `${path}:1: is called ${part}; name it after what it does`)
}

/** A mark left for later is work that was not done. Its words are put together here, so as not to be one. */
const LEFTOVER = new RegExp(`(//|\\*).*\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')})\\b`)

function leftoverBreaches(file: Source): Breach[] {
  return file.text
    .split('\n')
    .flatMap((line, i) =>
      LEFTOVER.test(line) ? [at(file, i + 1, 'a note for later', 'do it or open an issue')] : [],
    )
}

/** The leaves of a tree: what stands behind "it ". */
function leavesOf(text: string): { readonly title: string; readonly line: number }[] {
  return text.split('\n').flatMap((row, i) => {
    const title = /^[│├└─\s]*─\s*it (.+)$/.exec(row)?.[1]
    return title === undefined ? [] : [{ title: title.trim(), line: i + 1 }]
  })
}

/** The titles of all tests: the first argument of it(…), test(…) and their forms. */
function titlesOf(file: Source): string[] {
  const titles: string[] = []
  walk(file.tree, (node) => {
    if (!ts.isCallExpression(node) || !/^(it|test)\b/.test(called(node))) return
    const [title] = node.arguments
    if (title !== undefined && ts.isStringLiteralLike(title)) titles.push(title.text)
  })
  return titles
}

function treeBreaches(
  trees: readonly { path: string; text: string }[],
  titles: ReadonlySet<string>,
): Breach[] {
  return trees.flatMap(({ path, text }) =>
    leavesOf(text)
      .filter(({ title }) => !titles.has(title))
      .map(
        ({ title, line }) => `${path}:${line}: no test is called "${title}"; write it, or correct the leaf`,
      ),
  )
}

const files = theHouse()
const eachFile = (judge: (file: Source) => Breach[]) => files.flatMap(judge)

describe('the house keeps its style', () => {
  it('imports only along the arrows', () => {
    expect(eachFile(arrowBreaches)).toEqual([])
  })

  it('has short lines and files that can be read in one sitting', () => {
    expect(eachFile(sizeBreaches)).toEqual([])
  })

  it('has functions that do one thing', () => {
    expect(eachFile(functionBreaches)).toEqual([])
  })

  it('takes time and chance as values, and prints only where people asked', () => {
    expect(eachFile(callBreaches)).toEqual([])
  })

  it('never silences the compiler', () => {
    expect(eachFile(castBreaches)).toEqual([])
  })

  it('names things after what they do', () => {
    const paths = HOUSE.flatMap((folder) => filesUnder(join(ROOT, folder), () => true))
    expect(paths.flatMap((path) => nameBreaches(relative(ROOT, path)))).toEqual([])
  })

  it('leaves no notes for later', () => {
    expect(eachFile(leftoverBreaches)).toEqual([])
  })

  it('has a test for every leaf of every tree', () => {
    const paths = filesUnder(join(ROOT, 'specs', 'trees'), (name) => name.endsWith('.tree'))
    const trees = paths.map((path) => ({ path: relative(ROOT, path), text: readFileSync(path, 'utf8') }))
    const specs = files.filter(({ path }) => path.startsWith('specs/'))
    expect(trees.length).toBeGreaterThan(0)
    expect(treeBreaches(trees, new Set(specs.flatMap(titlesOf)))).toEqual([])
  })
})

describe('a planted breach is caught', () => {
  const planted = (path: string, text: string, judge: (file: Source) => Breach[]) => judge(source(path, text))

  it.each([
    ['a rule that reads a file', 'protocols/rules/a.ts', "import { readFileSync } from 'node:fs'"],
    ['a message that dials', 'protocols/messages/a.ts', "import { createLibp2p } from 'libp2p'"],
    [
      'a board that knows the chain',
      'hardware/board/a.ts',
      "import { submit } from '../../chain/proxy/rmsc.ts'",
    ],
    ['a board that opens its own port', 'hardware/board/a.ts', "import { connect } from 'node:net'"],
    ['a machine with an effect', 'actors/wallet/machine.ts', "import { send } from './live.ts'"],
    [
      'a live part that takes another one',
      'actors/wallet/live.ts',
      "import { sell } from '../auction/live.ts'",
    ],
    ['a page that talks to the chain', 'web/server/a.ts', "import { Wallet } from 'ethers'"],
    ['a folder that starts things', 'actors/wallet/a.ts', "import { start } from '../../bin/start.ts'"],
  ])('%s', (_, path, text) => {
    expect(planted(path, text, arrowBreaches)).toHaveLength(1)
  })

  it('while types are free to cross', () => {
    const text = "import type { Wallet } from 'ethers'\nimport { assign } from 'xstate'"
    expect(planted('actors/wallet/machine.ts', text, arrowBreaches)).toEqual([])
  })

  it.each([
    ['a long line', 'actors/a.ts', `const a = '${'x'.repeat(110)}'`, sizeBreaches],
    ['a long file', 'actors/a.ts', 'const a = 1\n'.repeat(401), sizeBreaches],
    ['a long function', 'actors/a.ts', `function f() {\n${'g()\n'.repeat(69)}}`, functionBreaches],
    ['the wall clock', 'actors/a.ts', 'const t = Date.now()', callBreaches],
    ['a bare new Date', 'web/server/a.ts', 'const t = new Date()', callBreaches],
    ['chance', 'protocols/rules/a.ts', 'const r = Math.random()', callBreaches],
    ['a print', 'actors/a.ts', "console.log('here')", callBreaches],
    ['any', 'actors/a.ts', 'const a: any = 1', castBreaches],
    ['an exclamation mark', 'actors/a.ts', 'const a = b!', castBreaches],
    ['a double cast', 'actors/a.ts', 'const a = b as unknown as string', castBreaches],
    ['a silenced error', 'actors/a.ts', '// @ts-ignore\nconst a = 1', castBreaches],
    ['a note for later', 'actors/a.ts', ['// TO', 'DO: later'].join(''), leftoverBreaches],
  ])('%s', (_, path, text, judge) => {
    const breaches = planted(path, text, judge)
    expect(breaches).toHaveLength(1)
    expect(breaches[0]).toMatch(/^[a-z/.]+:\d+: .+; .+/)
  })

  it('a grab-bag by its name, and a leaf without its test', () => {
    expect(nameBreaches('actors/utils/a.ts')).toHaveLength(1)
    expect(nameBreaches('actors/wallet/helpers.ts')).toHaveLength(1)
    const trees = [{ path: 'a.tree', text: 'a\n└── when b\n    └── it does c' }]
    expect(treeBreaches(trees, new Set())).toEqual([
      'a.tree:3: no test is called "does c"; write it, or correct the leaf',
    ])
    expect(treeBreaches(trees, new Set(['does c']))).toEqual([])
  })
})
