// In a checkout Node 20 cannot run worker.ts itself, and `--import tsx` does nothing inside a thread: this
// starts tsx there.
import { register } from 'tsx/esm/api'

register()
await import('./worker.ts')
