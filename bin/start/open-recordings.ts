import { builtInspectFolder } from '../../web/server/app-folder.ts'
import { serveRecordings, type RecordingPages } from '../../web/server/serve-recordings.ts'

/** Serves the page of the state charts over these recordings. */
export function openRecordings(files: readonly string[], port: number): Promise<RecordingPages> {
  return serveRecordings({ files, port, appFolder: builtInspectFolder() })
}
