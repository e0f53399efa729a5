"""Refunds, delivery, payment and forfeits: what becomes of the money of a decided auction."""

from interfaces import POWER, REASONS

FIRST_LOAN = 16


class Payments:
    """What every account gets back or is paid."""

    def on_Refunded(self, told):
        auction = self.of(told)
        offer, account = auction.offer, told.account
        self.credit[account] += told.amount
        if account in auction.refunds:
            self.fault("refund", f"{account} was refunded twice", told.id)
        auction.refunds[account] = told.amount
        failed = auction.failed is not None
        if not failed and auction.awarded is None:
            self.fault("order", f"{account} was refunded before the auction was decided", told.id)
            return
        unshown = failed and REASONS[auction.failed.reason] == "no-max-price"
        if account == offer.buyer:
            due = (0 if unshown else offer.bond) if failed else offer.bond - auction.awarded.price
        elif auction.awarded is not None and account == auction.awarded.winner:
            due = offer.bond - auction.awarded.held
        else:
            due = offer.bond if unshown or account in auction.reveals else 0
            lock = (account, offer.period, offer.resource, offer.amount)
            self.one(told, "QuotaReleased", ("home", "period", "resource", "amount"), lock)
        self.expect("refund", told.amount, due, f"the refund of {account}", told.id)

    def on_BondsForfeited(self, told):
        auction = self.of(told)
        auction.forfeited += told.bonds * auction.offer.bond

    def on_ForfeitShared(self, told):
        auction = self.of(told)
        self.credit[told.home] += told.amount
        auction.forfeited -= told.amount
        if auction.forfeited < 0:
            self.fault("forfeit", "more than the forfeited bonds was shared", told.id)
        if told.home == auction.offer.buyer or told.home in auction.bids:
            self.fault("forfeit", f"{told.home} took part, and has no share", told.id)

    def on_ExchangeConfirmed(self, told):
        auction = self.of(told)
        awarded, offer = auction.awarded, auction.offer
        if awarded is None or auction.paid is not None:
            self.fault("order", "paid without an award, or twice", told.id)
            return
        auction.paid = told
        self.expect("delivered", told.delivered, self.delivered(auction, told), "what was delivered", told.id)
        amount, missing = offer.amount, offer.amount - told.delivered
        pay = awarded.price * told.delivered // amount
        self.expect("payment", told.paid, pay, "the seller's pay", told.id)
        self.expect("payment", told.penalty, awarded.held * missing // amount, "the penalty", told.id)
        parties = (awarded.winner, offer.buyer)
        self.expect("payment", (told.seller, told.buyer), parties, "the parties", told.id)
        self.credit[awarded.winner] += told.paid + awarded.held * told.delivered // amount
        self.credit[offer.buyer] += awarded.price * missing // amount + told.penalty

    def delivered(self, auction, told):
        """How much of a lot the facts of the quota contract say was delivered."""
        offer, awarded = auction.offer, auction.awarded
        now, closes = self.chain.time(told.block), self.closes_at(offer)
        status, excess = self.excess_of(auction, told)
        closed = offer.resource == POWER or now >= closes
        if closed and status == "standing":
            left = excess
            if offer.resource != POWER:
                later = self.sold[(awarded.winner, offer.period, offer.resource)] - auction.mark
                left = max(0, excess - later)
            return max(0, offer.amount - left)
        if closed and status == "unproved":
            return 0
        if status == "none" and now >= closes + self.decision_seconds:
            call = "metered(address,uint64) -> bool"
            values = [awarded.winner, offer.period]
            metered = self.chain.ask("quota", call, ["address", "uint64"], values)[0]
            return offer.amount if metered else 0
        accepted = self.chain.transaction(told.transaction).signer == offer.buyer and now < closes
        return offer.amount if accepted else -1

    def excess_of(self, auction, told):
        offer = auction.offer
        subject = offer.resource
        if offer.resource == POWER:
            place = next(
                other.lenderPlace
                for other in self.by_transaction[auction.awarded.transaction]
                if other.name == "PowerLent"
            )
            subject = FIRST_LOAN + place
        known = self.excesses.get((auction.awarded.winner, offer.period, subject))
        if known is None or known.name == "ExcessVoid":
            return "none", 0
        if known.name in ("ExcessOpened", "ExcessFinal"):
            return "standing", known.excess
        if known.name == "ExcessUnproved":
            return "unproved", 0
        if told.block <= known.lastBlock:
            return "open", 0
        if known.name == "ExcessAsserted":
            return "standing", known.excess
        return ("unproved", 0) if known.byMarket else ("none", 0)

    def on_excess(self, told):
        self.excesses[(told.home, told.period, told.resource)] = told

    on_ExcessAsserted = on_ExcessOpened = on_ExcessFinal = on_excess
    on_ExcessUnproved = on_ExcessVoid = on_OpeningDemanded = on_excess
