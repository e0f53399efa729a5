"""The contracts' events and calls, written out by hand from their documentation."""

from dataclasses import dataclass

from eth_abi import decode
from web3 import Web3

NOBODY = "0x" + "0" * 40
POWER = 2
REASONS = [
    "none",
    "cancelled",
    "no-bids",
    "no-max-price",
    "none-under-max",
    "second-above-max",
    "too-late",
]

EVENTS = {
    "trading": [
        "Deposited(account indexed address, amount uint256)",
        "Withdrawn(account indexed address, amount uint256)",
        "OfferMade(id indexed uint256, buyer indexed address, resource indexed uint8, period uint64, "
        "fromSlot uint64, untilSlot uint64, amount uint64, bond uint96, seal bytes32, commitEnd uint64, "
        "showEnd uint64, revealSeconds uint32)",
        "BidReceived(id indexed uint256, seller indexed address, index uint16, seal bytes32)",
        "MaxPriceShown(id indexed uint256, maxPrice uint96, revealEnd uint64)",
        "BidRevealed(id indexed uint256, seller indexed address, value uint96)",
        "AuctionAwarded(id indexed uint256, winner indexed address, buyer indexed address, price uint96, "
        "held uint96)",
        "AuctionFailed(id indexed uint256, reason uint8)",
        "BondsForfeited(id indexed uint256, bonds uint16)",
        "Refunded(id indexed uint256, account indexed address, amount uint256)",
        "ExchangeConfirmed(id indexed uint256, seller indexed address, buyer indexed address, "
        "delivered uint64, paid uint96, penalty uint96)",
        "ForfeitShared(id indexed uint256, home indexed address, amount uint256)",
    ],
    "quota": [
        "CommunityContractSet(revision uint64, fromPeriod uint64, energyWh uint64, powerW uint64, "
        "waterMl uint64)",
        "QuotaAllocated(revision indexed uint64, home indexed address, energyWh uint64, powerW uint64, "
        "waterMl uint64)",
        "AllocationClosed(revision uint64)",
        "QuotaLocked(home indexed address, period indexed uint64, resource indexed uint8, amount uint64, "
        "place uint8)",
        "QuotaReleased(home indexed address, period indexed uint64, resource indexed uint8, amount uint64, "
        "place uint8)",
        "QuotaMoved(from indexed address, to indexed address, period indexed uint64, resource uint8, "
        "amount uint64)",
        "PowerLent(lender indexed address, borrower indexed address, period indexed uint64, amount uint64, "
        "fromSlot uint64, untilSlot uint64, lenderPlace uint8, borrowerPlace uint8)",
        "ExcessAsserted(home indexed address, period indexed uint64, resource indexed uint8, excess uint64, "
        "lastBlock uint256)",
        "OpeningDemanded(home indexed address, period indexed uint64, resource indexed uint8, "
        "lastBlock uint256, byMarket bool)",
        "ExcessOpened(home indexed address, period indexed uint64, resource indexed uint8, excess uint64, "
        "value uint64)",
        "ExcessFinal(home indexed address, period indexed uint64, resource indexed uint8, excess uint64)",
        "ExcessUnproved(home indexed address, period indexed uint64, resource indexed uint8, excess uint64)",
        "ExcessVoid(home indexed address, period indexed uint64, resource indexed uint8, excess uint64)",
    ],
    "token": ["Transfer(from indexed address, to indexed address, value uint256)"],
    "monitoring": [
        "Reading(home indexed address, slot indexed uint64, sequence uint32, epoch uint32, "
        "delegation uint64, extended bytes32, payload bytes)",
    ],
}


class Layout:
    """One event: how its topics and its data are read."""

    def __init__(self, text):
        self.name, arguments = text[:-1].split("(", 1)
        self.fields = []
        for argument in arguments.split(", "):
            words = argument.split(" ")
            self.fields.append((words[0], words[-1], "indexed" in words))
        types = ",".join(kind for _, kind, _ in self.fields)
        self.topic = Web3.keccak(text=f"{self.name}({types})").hex()

    def read(self, topics, data):
        told = {}
        left = list(topics[1:])
        rest = [(name, kind) for name, kind, indexed in self.fields if not indexed]
        values = decode([kind for _, kind in rest], data)
        told.update({name: value for (name, _), value in zip(rest, values)})
        for name, kind, indexed in self.fields:
            if indexed:
                told[name] = decode([kind], left.pop(0))[0]
        return told


@dataclass
class Told:
    """One event where it stands in the chain."""

    contract: str
    name: str
    args: dict
    block: int
    place: int
    transaction: str

    def __getattr__(self, name):
        try:
            return self.args[name]
        except KeyError:
            raise AttributeError(name) from None


def calldata(sent, signature):
    """The arguments of a call, or None when the transaction is another one."""
    if sent.data[:4] != bytes(Web3.keccak(text=signature)[:4]):
        return None
    types = signature[signature.index("(") + 1 : -1]
    return decode(split_types(types), sent.data[4:])


def split_types(text):
    parts, depth, word = [], 0, ""
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append(word)
            word = ""
        else:
            word += letter
    return [*parts, word]


def up(dividend, divisor):
    """A quotient rounded up."""
    return -(-dividend // divisor)
