import fc from 'fast-check'

/** Under mutation the first counterexample is enough, and each run of a group draws the same examples. */
fc.configureGlobal({ endOnFailure: true, seed: 110 })
