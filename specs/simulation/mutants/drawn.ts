import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { Chance } from '../chance.ts'
import { ROOT, SEARCH, type Search, type Verdict, Workplace } from './workplace.ts'

/** A change of one place of a source. */
export interface DrawnMutant {
  readonly file: string
  readonly line: number
  readonly operator: string
  readonly from: number
  readonly to: number
  readonly text: string
  readonly before: string
}

/** Where mutants are drawn: rules, proxies and machines that the simulation runs. */
const GROUPS = [
  /^protocols\/rules\//,
  /^actors\/contract-proxy\//,
  /^chain\/proxy\//,
  /^actors\/.*machine\.ts$/,
]
/** Words for people and doors that the simulation does not go through. */
const LEFT_OUT = [
  /words\.ts$/,
  /chain\/proxy\/(rpc|announcements|replies|signing|facts|delegation-calls|trading-calls|feed)\.ts$/,
  /contract-proxy\/(live|outbox-rows|outbox-keeping|alarms)\.ts$/,
  /rules\/(fault|cable)\.ts$/,
]

const FLIPS: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
])

/** The product's files that the simulation imports, from its own on. */
export function simulatedFiles(): string[] {
  const seen = new Set<string>()
  const visit = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    const text = readFileSync(path, 'utf8')
    for (const [, target] of text.matchAll(
      /(?:^|\n)(?:import|export) (?!type )[^'"]*?from '(\.[^']+\.ts)'/g,
    )) {
      if (target !== undefined) visit(join(dirname(path), target))
    }
  }
  visit(join(ROOT, 'specs', 'simulation', 'run.ts'))
  return [...seen]
    .map((path) => relative(ROOT, path))
    .filter((path) => GROUPS.some((group) => group.test(path)) && !LEFT_OUT.some((left) => left.test(path)))
    .sort()
}

function placesOf(file: string): DrawnMutant[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true)
  const found: DrawnMutant[] = []
  const put = (node: ts.Node, operator: string, changed: string): void => {
    const from = node.getStart(tree)
    const line = tree.getLineAndCharacterOfPosition(from).line + 1
    const before = text.slice(from, node.getEnd()).replace(/\s+/g, ' ').slice(0, 60)
    found.push({ file, line, operator, from, to: node.getEnd(), text: changed, before })
  }
  const visit = (node: ts.Node): void => {
    if (isWords(node)) return
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node) || ts.isInterfaceDeclaration(node)) return
    mutate(node, put)
    node.forEachChild(visit)
  }
  visit(tree)
  return found
}

/** Tells TypeScript what the machine's chart has decided already: an action of one event meets no other. */
const isNarrowing = ({ expression }: ts.IfStatement): boolean =>
  /^event\.type !== '\w+'$/.test(expression.getText())

/** Sentences for people: nothing goes by them, and nobody in the simulation reads them. */
function isWords(node: ts.Node): boolean {
  if (ts.isTemplateExpression(node)) {
    const texts = [node.head, ...node.templateSpans.map(({ literal }) => literal)]
    return texts.some(({ text }) => text.includes(' '))
  }
  return ts.isCallExpression(node) && /InWords$/.test(node.expression.getText())
}

type Put = (node: ts.Node, operator: string, changed: string) => void

function mutate(node: ts.Node, put: Put): void {
  if (ts.isBinaryExpression(node)) {
    const flipped = FLIPS.get(node.operatorToken.kind)
    const isText = ts.isStringLiteralLike(node.left) || ts.isStringLiteralLike(node.right)
    if (flipped !== undefined && !isText) put(node.operatorToken, 'flip', flipped)
  }
  if (ts.isNumericLiteral(node)) put(node, 'off by one', String(Number(node.text.replaceAll('_', '')) + 1))
  if (ts.isIfStatement(node) && !isNarrowing(node)) put(node.expression, 'never', 'false')
  if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name)) mutateProperty(node, node.name.text, put)
  if (ts.isCallExpression(node)) {
    const called = node.expression.getText()
    if (called === 'Math.max') put(node.expression, 'flip', 'Math.min')
    if (called === 'Math.min') put(node.expression, 'flip', 'Math.max')
  }
}

/** The parts of a machine: guards, and what is done on entry or on the way. */
function mutateProperty(node: ts.PropertyAssignment, name: string, put: Put): void {
  if (name === 'guard') put(node, 'drop guard', '')
  const list = ts.isArrayLiteralExpression(node.initializer) || ts.isStringLiteral(node.initializer)
  if ((name === 'entry' || name === 'actions') && list) put(node, 'skip action', '')
}

/** Draws mutants by a seed, evenly over rules, proxies and machines. */
export function draw(count: number, seed: string): DrawnMutant[] {
  const chance = new Chance(`mutants ${seed}`)
  const files = simulatedFiles()
  const groups = [
    files.filter((file) => file.startsWith('protocols/')),
    files.filter((file) => /proxy/.test(file)),
    files.filter((file) => file.endsWith('machine.ts') && !/proxy/.test(file)),
  ].map((group) => group.flatMap(placesOf))
  return Array.from({ length: count }, (_, index) => {
    const group = groups[index % groups.length] ?? []
    return chance.pick(group)
  })
}

/** Simulates drawn mutants, one after another. */
export async function searchDrawn(
  mutants: readonly DrawnMutant[],
  onVerdict: (mutant: DrawnMutant, verdict: Verdict) => void,
  search: Search = SEARCH,
): Promise<number> {
  const workplace = new Workplace()
  let found = 0
  try {
    for (const mutant of mutants) {
      const path = workplace.path(mutant.file)
      const whole = readFileSync(path, 'utf8')
      writeFileSync(path, changed(whole, mutant))
      const verdict = await workplace.simulate(search)
      writeFileSync(path, whole)
      if (verdict.found) found += 1
      onVerdict(mutant, verdict)
    }
  } finally {
    workplace.remove()
  }
  return found
}

function changed(whole: string, { from, to, text }: DrawnMutant): string {
  // A property that is left out takes its comma with it.
  const rest = whole.slice(to)
  return whole.slice(0, from) + text + (text === '' ? rest.replace(/^\s*,/, '') : rest)
}
