"""Offers, sealed bids, reveals and decisions: the reverse Vickrey auction, computed again."""

from dataclasses import dataclass, field

from eth_account.messages import encode_typed_data
from web3 import Web3

from interfaces import POWER, REASONS, Told, calldata, up

OFFER = "offer(uint64,(uint8,uint64,uint64,uint64,uint64,uint32,uint32,uint32),bytes32)"
GAP_BLOCKS = 3
WHOLE_BPS = 10_000


@dataclass
class Auction:
    offer: Told
    bids: dict = field(default_factory=dict)
    reveals: dict = field(default_factory=dict)
    shown: Told = None
    awarded: Told = None
    failed: Told = None
    paid: Told = None
    refunds: dict = field(default_factory=dict)
    forfeited: int = 0
    mark: int = 0


class Unoffered(Exception):
    """An event of an auction that nobody offered."""

    def __init__(self, told):
        super().__init__(told.name)
        self.told = told


class Auctions:
    """The negotiation of every auction."""

    def of(self, told):
        auction = self.auctions.get(told.id)
        if auction is None:
            raise Unoffered(told)
        return auction

    def on_OfferMade(self, told):
        if told.id in self.auctions:
            self.fault("order", "the auction was offered twice", told.id)
        self.expect("id", told.id >> 64, int(told.buyer, 16), "the buyer in the auction's id", told.id)
        self.auctions[told.id] = Auction(told)
        self.credit[told.buyer] -= told.bond
        call = calldata(self.chain.transaction(told.transaction), OFFER)
        if call is not None:
            self.expect("calldata", told.seal, call[2], "the seal of the offer", told.id)
            terms = (told.resource, told.period, told.fromSlot, told.untilSlot, told.amount)
            self.expect("calldata", terms, call[1][:5], "the lot of the offer", told.id)

    def on_BidReceived(self, told):
        auction = self.of(told)
        offer = auction.offer
        self.credit[told.seller] -= offer.bond
        if told.seller in auction.bids:
            self.fault("order", f"{told.seller} bid twice", told.id)
        if told.seller == offer.buyer:
            self.fault("order", "the buyer bid in its own auction", told.id)
        number = len(auction.bids) + 1
        self.expect("order", told.index, number, f"the number of the bid of {told.seller}", told.id)
        if auction.shown is not None:
            self.fault("phase", f"{told.seller} bid after the maximum price was shown", told.id)
        if self.chain.time(told.block) > offer.commitEnd:
            self.fault("phase", f"{told.seller} bid after the bids had closed", told.id)
        lock = (told.seller, offer.period, offer.resource, offer.amount)
        self.one(told, "QuotaLocked", ("home", "period", "resource", "amount"), lock)
        auction.bids[told.seller] = told
        call = calldata(self.chain.transaction(told.transaction), "receiveBid(uint256,bytes32)")
        if call is not None:
            self.expect("calldata", (told.id, told.seal), call, f"the sealed bid of {told.seller}", told.id)

    def on_MaxPriceShown(self, told):
        auction = self.of(told)
        offer, when = auction.offer, self.chain.time(told.block)
        if auction.shown is not None:
            self.fault("order", "the maximum price was shown twice", told.id)
        auction.shown = told
        newest = max((bid.block for bid in auction.bids.values()), default=0)
        gap = GAP_BLOCKS * self.block_seconds
        if when <= offer.commitEnd + gap or told.block <= newest + GAP_BLOCKS:
            self.fault("phase", "the maximum price was shown before the gap was over", told.id)
        if when > offer.showEnd:
            self.fault("phase", "the maximum price was shown too late", told.id)
        self.expect("phase", told.revealEnd, when + offer.revealSeconds, "the end of the reveals", told.id)
        if told.maxPrice > offer.bond:
            self.fault("price", "the maximum price is above the bond", told.id)
        call = calldata(self.chain.transaction(told.transaction), "depositMaxPrice(uint256,uint96,bytes32)")
        if call is not None:
            self.expect("calldata", told.maxPrice, call[1], "the maximum price", told.id)
            due = self.digest("MaxPrice", "buyer", offer.buyer, told.id, told.maxPrice, call[2])
            self.expect("seal", offer.seal.hex(), due.hex(), "the seal of the maximum price", told.id)
            self.seals += 1

    def on_BidRevealed(self, told):
        auction = self.of(told)
        if auction.shown is None:
            self.fault("phase", f"{told.seller} revealed before the maximum price was shown", told.id)
        elif self.chain.time(told.block) > auction.shown.revealEnd:
            self.fault("phase", f"{told.seller} revealed too late", told.id)
        if told.seller in auction.reveals or told.seller not in auction.bids:
            self.fault("order", f"{told.seller} revealed twice, or what it had not sealed", told.id)
            return
        auction.reveals[told.seller] = told
        call = calldata(self.chain.transaction(told.transaction), "revealBid(uint256,uint96,bytes32)")
        if call is not None:
            self.expect("calldata", told.value, call[1], f"the bid of {told.seller}", told.id)
            due = self.digest("Bid", "bidder", told.seller, told.id, told.value, call[2])
            kept = auction.bids[told.seller].seal
            self.expect("seal", kept.hex(), due.hex(), f"the seal of {told.seller}", told.id)
            self.seals += 1

    def digest(self, kind, role, account, auction, value, salt):
        """The EIP-712 digest that a sealed value must have."""
        message = {"auctionId": auction, role: account, "value": value, "salt": salt}
        types = {
            kind: [
                {"name": "auctionId", "type": "uint256"},
                {"name": role, "type": "address"},
                {"name": "value", "type": "uint128"},
                {"name": "salt", "type": "bytes32"},
            ]
        }
        domain = {
            "name": "SmartCommunity.Auction",
            "version": "1",
            "chainId": self.chain.chain_id,
            "verifyingContract": self.chain.addresses["trading"],
        }
        signable = encode_typed_data(domain, types, message)
        return Web3.keccak(b"\x19" + signable.version + signable.header + signable.body)

    def on_AuctionAwarded(self, told):
        auction = self.of(told)
        offer = auction.offer
        self.decided_once(auction, told)
        auction.awarded = told
        due = self.clear(auction)
        if due is None:
            self.fault("winner", f"{told.winner} was awarded what nobody may win", told.id)
        else:
            winner, price, lowest = due
            self.expect("winner", told.winner, winner, "the winner", told.id)
            self.expect("price", told.price, price, "the price", told.id)
            self.expect("held", told.held, self.held(lowest), "what is held of the winner's deposit", told.id)
        self.all_revealed(auction, told)
        if self.chain.time(told.block) >= self.move_until(offer):
            self.fault("phase", "the lot was awarded after its period or window began to be over", told.id)
        parties = (told.winner, offer.buyer, offer.period)
        if offer.resource == POWER:
            fields = ("lender", "borrower", "period", "amount", "fromSlot", "untilSlot")
            self.one(told, "PowerLent", fields, (*parties, offer.amount, offer.fromSlot, offer.untilSlot))
        else:
            fields = ("from", "to", "period", "resource", "amount")
            self.one(told, "QuotaMoved", fields, (*parties, offer.resource, offer.amount))
            auction.mark = self.sold[(told.winner, offer.period, offer.resource)]

    def on_AuctionFailed(self, told):
        auction = self.of(told)
        self.decided_once(auction, told)
        auction.failed = told
        reason = REASONS[told.reason]
        late = self.chain.time(told.block)
        if reason in ("cancelled", "no-bids"):
            holds = len(auction.bids) == 0 and (reason == "cancelled" or late > auction.offer.commitEnd)
        elif reason == "no-max-price":
            holds = auction.shown is None and len(auction.bids) > 0 and late > auction.offer.showEnd
        else:
            self.all_revealed(auction, told)
            cleared = self.clear(auction)
            over = late >= self.move_until(auction.offer)
            holds = cleared is None if reason != "too-late" else cleared is not None and over
        if not holds:
            self.fault("reason", f"the auction did not fail because of {reason}", told.id)
        if any(other.name in ("QuotaMoved", "PowerLent") for other in self.by_transaction[told.transaction]):
            self.fault("quota-moved", "quota was moved by an auction that failed", told.id)

    def decided_once(self, auction, told):
        if auction.awarded is not None or auction.failed is not None:
            self.fault("order", "the auction was decided twice", told.id)

    def all_revealed(self, auction, told):
        waiting = len(auction.reveals) < len(auction.bids)
        if auction.shown is None or (waiting and self.chain.time(told.block) <= auction.shown.revealEnd):
            says = "the auction was decided before all had revealed or the time was over"
            self.fault("phase", says, told.id)

    def clear(self, auction):
        """Winner, price and lowest bid: the reverse Vickrey rule. None when nobody may win."""
        if auction.shown is None:
            return None
        most = auction.shown.maxPrice
        reveals = auction.reveals.items()
        order = sorted((told.value, auction.bids[seller].index, seller) for seller, told in reveals)
        if not order or order[0][0] > most:
            return None
        if len(order) > 1 and order[1][0] > most and self.strict:
            return None
        price = min(order[1][0], most) if len(order) > 1 else most
        return order[0][2], price, order[0][0]

    def held(self, bid):
        return up(bid * self.security_bps, WHOLE_BPS)

    def closes_at(self, offer):
        return up((offer.period + 1) * self.slots * self.sample_ms, 1000)

    def move_until(self, offer):
        return up(offer.fromSlot * self.sample_ms, 1000) if offer.resource == POWER else self.closes_at(offer)

    def one(self, about, name, fields, due):
        """Exactly one such event stands in the transaction, with these arguments."""
        told = [other for other in self.by_transaction[about.transaction] if other.name == name]
        values = [tuple(other.args[each] for each in fields) for other in told]
        if values.count(due) != 1 or len({other.place for other in told}) != len(told):
            says = f"{name} beside {about.name} is {values}, it should be {due}"
            self.fault("quota-moved", says, about.id)
