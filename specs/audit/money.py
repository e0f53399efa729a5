"""The token: supply, balances, and what the market keeps for others."""

from interfaces import NOBODY, REASONS


class Money:
    """Supply = balances + escrow, and the escrow holds all that it owes."""

    def on_Deposited(self, told):
        self.credit[told.account] += told.amount

    def on_Withdrawn(self, told):
        self.credit[told.account] -= told.amount

    def on_Transfer(self, told):
        source = getattr(told, "from")
        if source == NOBODY:
            self.supply += told.value
        else:
            self.balances[source] -= told.value
        if told.to == NOBODY:
            self.supply -= told.value
        else:
            self.balances[told.to] += told.value

    def money(self):
        """Supply = balances + escrow, and the escrow holds all that it owes."""
        market = self.chain.addresses["trading"].lower()
        supply = self.chain.ask("token", "totalSupply() -> uint256", [], [])[0]
        asked = self.chain.ask("token", "balanceOf(address) -> uint256", ["address"], [market])[0]
        balances = sum(amount for account, amount in self.balances.items() if account != market)
        self.expect("supply", supply, self.supply, "the supply")
        self.expect("supply", supply, balances + asked, "the supply, by balances and escrow")
        owed = sum(self.credit.values()) + sum(map(self.owed, self.auctions.values()))
        if owed > asked or asked - owed > 2 * len(self.auctions):
            self.fault("escrow", f"the market holds {asked} and owes {owed}")
        return {"supply": str(supply), "balances": str(balances), "escrow": str(asked)}

    def owed(self, auction):
        """What an auction still holds of bonds and deposits."""
        offer = auction.offer
        back = sum(auction.refunds.values())
        held = offer.bond * (1 + len(auction.bids)) - back
        shared = self.shared(auction)
        if auction.paid is None:
            return held - shared
        return held - shared - auction.awarded.price - auction.awarded.held

    def shared(self, auction):
        """What of the forfeited bonds was shared; the rest is still there."""
        whole = 0
        if auction.failed is not None and REASONS[auction.failed.reason] == "no-max-price":
            whole = auction.offer.bond
        elif auction.shown is not None and (auction.awarded or auction.failed):
            whole = (len(auction.bids) - len(auction.reveals)) * auction.offer.bond
        if auction.forfeited > whole:
            self.fault("forfeit", "more bonds were forfeited than were not shown", auction.offer.id)
        return whole - auction.forfeited
