const WORDS: Readonly<Record<string, string>> = {
  'chain-stalled': 'No new block arrives: check the chain.',
  'chain-rewound': 'The chain went back; what was lost is sent again.',
}

/** What the manager is told of a warning of the community gateway's machine. */
export const warningWords = (code: string): string => WORDS[code] ?? code
