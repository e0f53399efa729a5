import '../protocols/p2p/polyfill.ts'
