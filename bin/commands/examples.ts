/** One line that can be typed, for the help of each command. */
export const EXAMPLES: Readonly<Record<string, string>> = {
  meterhood: 'meterhood start --homes 3 --for 60s --report report.json',
  'meterhood start': 'meterhood start --homes 3 --period 2 --for 60s --report report.json',
  'meterhood community':
    'meterhood community --rpc http://127.0.0.1:8545 --data ./community --invites home-01,home-02',
  'meterhood home':
    'meterhood home --rpc http://127.0.0.1:8545 --data ./home --boards boards.json --invite mh1-…',
  'meterhood verify': 'meterhood verify --data ./.meterhood',
  'meterhood decode': 'meterhood decode board recording.bin',
  'meterhood decode board': 'meterhood decode board recording.bin --json',
  'meterhood clear': 'meterhood clear orders.json --json',
  'meterhood calibrate':
    'meterhood calibrate --page http://localhost:7401/ --quantity voltage --reference 230.4',
  'meterhood bench': 'meterhood bench gas --json',
  'meterhood inspect': 'meterhood inspect run.mhr',
  'meterhood simulate': 'meterhood simulate --homes 8 --days 2 --seed 7',
  'meterhood experiment': 'meterhood experiment table2',
  'meterhood experiment table2': 'meterhood experiment table2 --json',
  'meterhood doctor': 'meterhood doctor --fix',
  'meterhood chain': 'meterhood chain init --signers 3 --data ./.meterhood',
  'meterhood chain install': 'meterhood chain install',
  'meterhood chain init': 'meterhood chain init --name casa-1 --host 192.168.1.11 --data ./.meterhood',
  'meterhood chain start': 'meterhood chain start --data ./.meterhood --rpc-port 8545',
  'meterhood chain serve': 'meterhood chain serve --data ./.meterhood --port 8545',
  'meterhood chain status': 'meterhood chain status --data ./.meterhood --json',
  'meterhood chain signers': 'meterhood chain signers --data ./.meterhood',
  'meterhood chain backup': 'meterhood chain backup --data ./.meterhood --to ./archive-1',
  'meterhood chain restart': 'meterhood chain restart --data ./.meterhood --from ./archive-1',
  'meterhood archive': 'meterhood archive check ./history-1',
  'meterhood archive export':
    'meterhood archive export --data ./.meterhood --rpc http://127.0.0.1:8545 --to ./history-1',
  'meterhood archive check':
    'meterhood archive check ./history-1 --rpc http://127.0.0.1:8545 --contracts contracts.json',
  'meterhood chain copy': 'meterhood chain copy --data ./.meterhood --to ./node-copy',
  'meterhood chain vote': 'meterhood chain vote list --data ./.meterhood',
  'meterhood chain vote add':
    'meterhood chain vote add 0x71c7656ec7ab88b098defb751b7401b5f6d8976f --data ./.meterhood',
  'meterhood chain vote drop':
    'meterhood chain vote drop 0x71c7656ec7ab88b098defb751b7401b5f6d8976f --data ./.meterhood',
  'meterhood chain vote withdraw':
    'meterhood chain vote withdraw 0x71c7656ec7ab88b098defb751b7401b5f6d8976f --data ./.meterhood',
  'meterhood chain vote list': 'meterhood chain vote list --data ./.meterhood --json',
  'meterhood chain peers': 'meterhood chain peers list --data ./.meterhood',
  'meterhood chain peers list': 'meterhood chain peers list --data ./.meterhood --json',
  'meterhood chain peers add': 'meterhood chain peers add casa-2/node.json --data ./.meterhood',
  'meterhood chain peers drop': 'meterhood chain peers drop casa-2 --data ./.meterhood',
}
