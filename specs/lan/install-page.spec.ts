import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { initNode, joinNetwork, runCommunity, runHome, startNode } from './commands.ts'

const DATA = '/var/lib/meterhood'
const page = readFileSync('docs/install-pi.md', 'utf8')
const unit = (name: string): string => readFileSync(`docs/systemd/meterhood-${name}.service`, 'utf8')
const said = (args: readonly string[]): string => `meterhood ${args.join(' ')}`

describe('The page for an installer', () => {
  it('has the very commands that the LAN is set up and run with', () => {
    const home = { name: 'home-01', host: '192.168.1.11' }
    const community = { name: 'community', host: '192.168.1.10' }
    const begins = { periodS: 10, members: ['home-01.json', 'home-02.json'] }
    const commands = [
      initNode(DATA, home, {}),
      initNode(DATA, community, { begins }),
      joinNetwork(DATA, 'network.json'),
      startNode(DATA),
      runCommunity(DATA, '/etc/meterhood/boards.json', ['home-01', 'home-02']),
      runHome(DATA, 'home-01', 'mh1-the-code-that-was-printed'),
    ]
    const lines = page.split('\n')
    for (const command of commands) expect(lines).toContain(said(command))
  })

  it('has units that run the same', () => {
    const line = (name: string): string => /^ExecStart=\/usr\/bin\/(.*)$/m.exec(unit(name))?.[1] ?? ''
    expect(line('chain')).toBe(said(startNode(DATA)))
    const flags = / --invites .*$/
    const community = said(runCommunity(DATA, '/etc/meterhood/boards.json', []))
    expect(line('community')).toBe(community.replace(flags, ' $METERHOOD_FLAGS'))
    expect(line('home')).toBe(said(runHome(DATA, '', '')).replace(/ --name .*$/, ' $METERHOOD_FLAGS'))
  })
})
