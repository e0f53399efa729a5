#!/usr/bin/env python3
"""Audits the market of a community from its chain alone.

Shares nothing with the product: web3.py reads the chain, the interfaces below are written out by hand from
the contracts' documentation, and every rule is computed here again. Given the report of a run it says too
whether the report tells what the chain tells.

    audit.py --report report.json [--rpc URL]
    audit.py --rpc URL --contracts monitoring=0x…,quota=0x…,token=0x…,trading=0x…

Prints one JSON object; exit code 0: all holds, 1: faults (each by its name), 2: nothing could be read.
"""

import argparse
import json
import sys
from collections import defaultdict

from web3 import Web3

from auctions import Auctions, Unoffered
from interfaces import EVENTS, REASONS, up
from money import Money
from node import CannotRead, Chain
from payments import Payments
from quotas import Quotas


class Audit(Auctions, Payments, Quotas, Money):
    """The whole history, event by event; `faults` holds what does not fit."""

    def __init__(self, chain):
        self.chain = chain
        self.faults = []
        self.auctions = {}
        self.excesses = {}
        self.credit = defaultdict(int)
        self.balances = defaultdict(int)
        self.supply = 0
        self.revisions = {}
        self.moved = defaultdict(int)
        self.sold = defaultdict(int)
        self.exchanges = 0
        self.by_transaction = defaultdict(list)
        self.signed = defaultdict(int)
        self.seals = 0
        self.asked = 0
        self.block_seconds = chain.setting("trading", "blockSeconds", "uint32")
        self.security_bps = chain.setting("trading", "securityBps", "uint16")
        self.decision_seconds = chain.setting("trading", "decisionSeconds", "uint32")
        self.strict = chain.setting("trading", "strict", "bool")
        self.sample_ms = chain.setting("monitoring", "sampleMs", "uint64")
        self.slots = chain.setting("monitoring", "slotsPerBilling", "uint64")

    def fault(self, name, says, auction=None):
        about = None if auction is None else hex(auction)
        self.faults.append({"name": name, "auction": about, "says": says})

    def expect(self, name, told, due, what, auction=None):
        if told != due:
            self.fault(name, f"{what}: the chain says {told}, it should be {due}", auction)

    def replay(self, events):
        for told in events:
            self.by_transaction[told.transaction].append(told)
        for told in events:
            self.sender(told)
            step = getattr(self, f"on_{told.name}", None)
            if step is None:
                continue
            try:
                step(told)
            except Unoffered:
                self.fault("order", f"{told.name} of an auction that nobody offered", told.id)

    def sender(self, told):
        """Whoever an event says acted has signed its transaction."""
        actor = {
            "OfferMade": "buyer",
            "BidReceived": "seller",
            "BidRevealed": "seller",
            "Deposited": "account",
            "Withdrawn": "account",
            "ForfeitShared": "home",
            "Reading": "home",
        }.get(told.name)
        sent = self.chain.transaction(told.transaction)
        if sent.sender != sent.signer:
            served = f"{told.transaction} is served as sent by {sent.sender}"
            self.fault("sender", f"{served}, {sent.signer} signed it")
        if actor is None:
            return
        self.signed[told.args[actor]] += 1
        if told.args[actor] != sent.signer:
            says = f"{told.name} of {told.args[actor]} was signed by {sent.signer}"
            self.fault("sender", says, told.args.get("id"))

    def told(self):
        def one(identity, auction):
            awarded, paid, failed = auction.awarded, auction.paid, auction.failed
            cleared = self.clear(auction)
            return {
                "id": hex(identity),
                "buyer": auction.offer.buyer,
                "resource": auction.offer.resource,
                "period": auction.offer.period,
                "amount": auction.offer.amount,
                "bids": len(auction.bids),
                "reveals": len(auction.reveals),
                "winner": cleared[0] if awarded and cleared else None,
                "price": str(cleared[1]) if awarded and cleared else None,
                "failed": REASONS[failed.reason] if failed else None,
                "delivered": paid.delivered if paid else None,
                "paid": str(paid.paid) if paid else None,
            }

        return [one(identity, auction) for identity, auction in self.auctions.items()]

    def trades(self):
        ends = [(each.offer, each.awarded or each.failed) for each in self.auctions.values()]
        took = sorted(self.chain.time(end.block) - self.chain.time(offer.block) for offer, end in ends if end)
        half = took[max(0, up(len(took), 2) - 1)] * 1000 if took else None
        return {
            "offered": len(self.auctions),
            "awarded": sum(each.awarded is not None for each in self.auctions.values()),
            "failed": sum(each.failed is not None for each in self.auctions.values()),
            "failedBecause": self.reasons(),
            "delivered": sum(each.paid is not None for each in self.auctions.values()),
            "offerToSettledMs": {"p50": half},
        }

    def reasons(self):
        told = [REASONS[each.failed.reason] for each in self.auctions.values() if each.failed]
        return {reason: told.count(reason) for reason in told}

    def compare(self, report, trades, tokens):
        for name, due in trades.items():
            self.expect("report", report["trades"].get(name), due, f"trades.{name}")
        for name, due in tokens.items():
            self.expect("report", report["tokens"].get(name), due, f"tokens.{name}")
        for home in report["homes"]:
            account = home["account"].lower()
            if self.signed[account] == 0:
                self.fault("sender", f"{account} signed nothing of its own")


def addresses_of(text):
    pairs = dict(pair.split("=", 1) for pair in text.split(","))
    return known_addresses(pairs)


def known_addresses(pairs):
    missing = [name for name in EVENTS if not pairs.get(name)]
    if missing:
        raise CannotRead(f"no address of {', '.join(missing)}")
    return {name: Web3.to_checksum_address(pairs[name]) for name in EVENTS}


def run(arguments):
    report = None
    if arguments.report is not None:
        with open(arguments.report, encoding="utf-8") as file:
            report = json.load(file)
    if report is None and arguments.contracts is None:
        raise CannotRead("give --report or --contracts")
    addresses = known_addresses(report["contracts"]) if report else addresses_of(arguments.contracts)
    url = arguments.rpc or (report["chain"]["rpc"] if report else None)
    if url is None:
        raise CannotRead("give --rpc")
    audit = Audit(Chain(url, addresses))
    audit.replay(audit.chain.events())
    audit.heads()
    trades, tokens = audit.trades(), audit.money()
    if report is not None:
        audit.compare(report, trades, tokens)
    return {
        "ok": not audit.faults,
        "blocks": audit.chain.head,
        "trades": trades,
        "tokens": tokens,
        "checked": {
            "auctions": len(audit.auctions),
            "seals": audit.seals,
            "exchanges": audit.exchanges,
            "quotasAskedFor": audit.asked,
            "transactions": len(audit.chain.sent),
        },
        "signers": dict(audit.signed),
        "auctions": audit.told(),
        "faults": audit.faults,
    }


def main():
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--report", help="the report of a run")
    parser.add_argument("--contracts", help="the contracts, name=address,…")
    parser.add_argument("--rpc", help="the node; the report's own when left out")
    try:
        found = run(parser.parse_args())
    except Exception as thrown:  # noqa: BLE001 - whatever stops the reading is said in one line
        print(f"{type(thrown).__name__}: {thrown}", file=sys.stderr)
        return 2
    print(json.dumps(found))
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
