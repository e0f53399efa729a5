import { readMeta, writeMeta } from '../../../actors/storage/meta.ts'
import type { Store } from '../../../actors/storage/store.ts'
import { readPreferences } from '../../../protocols/messages/preferences.ts'
import type { Preferences } from '../../../protocols/rules/preferences.ts'
import { RESOURCES } from '../../../protocols/rules/resource.ts'
import { preferencesForm, type PreferencesForm } from '../../../web/market-model.ts'

const KEY = 'preferences'

/** A home that has said nothing is asked about all that it can spare. */
const ALL: PreferencesForm = { preferences: RESOURCES.map((resource) => ({ resource })), blocked: [] }

/** What a home likes to be asked; kept in its repository, in the form that its people wrote it. */
export class PreferenceBook {
  readonly #store: Store
  #form: PreferencesForm = ALL

  constructor(store: Store) {
    this.#store = store
  }

  async load(): Promise<void> {
    const text = await readMeta(this.#store.db, KEY)
    if (text !== null) this.#form = preferencesForm.parse(JSON.parse(text))
  }

  form(): PreferencesForm {
    return this.#form
  }

  preferences(): Preferences {
    return readPreferences(this.#form)
  }

  /** Throws `bad-field` for what contradicts itself, before anything is kept. */
  async save(form: PreferencesForm): Promise<void> {
    readPreferences(form)
    await this.#store.transaction((trx) => writeMeta(trx, KEY, JSON.stringify(form)))
    this.#form = form
  }
}
