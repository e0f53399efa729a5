import { expect, it } from 'vitest'
import { lyingNode } from '../verify/lying-node.ts'
import { audit } from './auditor.ts'
import { retold, MUTATIONS } from './retold.ts'
it('whole', async () => {
  const f = await audit('--report', '/tmp/wtf/t2.json', '--rpc', 'http://127.0.0.1:46429')
  console.log(JSON.stringify(f.faults), f.checked)
}, 60000)
it.each(MUTATIONS)(
  '%s named %s',
  async (_, name, lie) => {
    const node = await lyingNode('http://127.0.0.1:46429', lie())
    const f = await audit('--report', '/tmp/wtf/t2.json', '--rpc', node.rpc)
    await node.close()
    expect(f.faults.map((e) => e.name)).toContain(name)
  },
  60000,
)
