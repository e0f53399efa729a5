"""What the node of the chain serves."""

from dataclasses import dataclass

from eth_abi import decode, encode
from eth_account import Account
from web3 import Web3

from interfaces import EVENTS, NOBODY, Layout, Told


class CannotRead(Exception):
    """Nothing can be judged."""


@dataclass
class Sent:
    """A transaction, and who signed it by its bytes."""

    sender: str
    signer: str
    to: str
    data: bytes


class Chain:
    """What the node serves, each thing asked for once."""

    def __init__(self, url, addresses):
        self.w3 = Web3(Web3.HTTPProvider(url, request_kwargs={"timeout": 60}))
        if not self.w3.is_connected():
            raise CannotRead(f"no node answers at {url}")
        self.addresses = addresses
        self.chain_id = self.w3.eth.chain_id
        self.head = self.w3.eth.block_number
        self.times = {}
        self.sent = {}

    def events(self):
        """All events of the contracts, in the order of the chain."""
        found = []
        for contract, texts in EVENTS.items():
            layouts = {layout.topic: layout for layout in map(Layout, texts)}
            filters = {"address": self.addresses[contract], "fromBlock": 0, "toBlock": self.head}
            for log in self.w3.eth.get_logs(filters):
                layout = layouts.get(log["topics"][0].hex())
                if layout is None:
                    continue
                args = layout.read([bytes(topic) for topic in log["topics"]], bytes(log["data"]))
                place = (log["blockNumber"], log["logIndex"], log["transactionHash"].hex())
                found.append(Told(contract, layout.name, args, *place))
        return sorted(found, key=lambda told: (told.block, told.place))

    def time(self, block):
        if block not in self.times:
            self.times[block] = self.w3.eth.get_block(block)["timestamp"]
        return self.times[block]

    def transaction(self, hashed):
        if hashed not in self.sent:
            served = self.w3.eth.get_transaction(hashed)
            raw = self.w3.eth.get_raw_transaction(hashed)
            signer = Account.recover_transaction(raw).lower()
            if Web3.keccak(raw).hex() != hashed:
                signer = NOBODY
            to = (served["to"] or NOBODY).lower()
            self.sent[hashed] = Sent(served["from"].lower(), signer, to, bytes(served["input"]))
        return self.sent[hashed]

    def ask(self, contract, signature, types, values, block=None):
        """The answer of a contract: `signature` with its result after an arrow."""
        call, result = signature.split(" -> ")
        data = Web3.keccak(text=call)[:4] + encode(types, values)
        call = {"to": self.addresses[contract], "data": data}
        answer = self.w3.eth.call(call, self.head if block is None else block)
        return decode(result.split(","), answer)

    def setting(self, contract, name, kind):
        """What a getter of a contract answers."""
        return self.ask(contract, f"{name}() -> {kind}", [], [])[0]
