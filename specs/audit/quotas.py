"""The division of the community contract, and the exchanges of quota between homes."""

from eth_abi.exceptions import DecodingError
from web3.exceptions import Web3Exception


class Quotas:
    """Quotas add up to the community contract before and after every exchange."""

    def on_CommunityContractSet(self, told):
        self.revisions[told.revision] = {
            "from": told.fromPeriod,
            "contract": (told.energyWh, told.powerW, told.waterMl),
            "parts": {},
            "closed": False,
        }

    def on_QuotaAllocated(self, told):
        self.revisions[told.revision]["parts"][told.home] = (told.energyWh, told.powerW, told.waterMl)

    def on_AllocationClosed(self, told):
        revision = self.revisions[told.revision]
        revision["closed"] = True
        sums = tuple(map(sum, zip(*revision["parts"].values())))
        self.expect("quota-sum", sums, revision["contract"], f"the parts of revision {told.revision}")

    def division(self, period):
        holding = [each for each in self.revisions.values() if each["closed"] and each["from"] <= period]
        return holding[-1] if holding else {"contract": (0, 0, 0), "parts": {}}

    def members(self, period):
        """Homes with a part of the period, and those that have exchanged without one."""
        traded = {home for home, when, _ in self.moved if when == period}
        return sorted(traded | set(self.division(period)["parts"]))

    def on_QuotaMoved(self, told):
        self.exchanges += 1
        mover = getattr(told, "from")
        self.sums(told, "before")
        index = told.resource - 1
        self.moved[(mover, told.period, index)] -= told.amount
        self.moved[(told.to, told.period, index)] += told.amount
        self.sold[(mover, told.period, told.resource)] += told.amount
        self.sums(told, "after")
        awards = [other for other in self.by_transaction[told.transaction] if other.name == "AuctionAwarded"]
        if len(awards) != 1:
            self.fault("quota-moved", f"{mover} gave quota to {told.to} without an award")

    def quota(self, home, period):
        parts = self.division(period)["parts"].get(home, (0, 0, 0))
        return tuple(part + self.moved[(home, period, index)] for index, part in enumerate(parts))

    def sums(self, told, moment):
        """The quotas of a period add up to the community contract, and none is below nothing."""
        division = self.division(told.period)
        quotas = [self.quota(home, told.period) for home in self.members(told.period)]
        sums = tuple(map(sum, zip(*quotas)))
        what = f"the quotas of period {told.period} {moment} an exchange"
        self.expect("quota-sum", sums, division["contract"], what)
        if any(amount < 0 for quota in quotas for amount in quota):
            self.fault("quota-sum", f"{what}: a home has less than nothing")
        self.ask_sums(told, told.block - 1 if moment == "before" else told.block)

    def ask_sums(self, told, block):
        """The contract's own answers at that block, where the node still has its state."""
        sums = [0, 0, 0]
        division = self.division(told.period)
        try:
            for home in self.members(told.period):
                for index, amount in enumerate(self.asked_quota(home, told.period, block)):
                    sums[index] += amount
        except (Web3Exception, DecodingError):
            # A node that was started from a saved state has no older one.
            return
        self.asked += 1
        self.expect("quota-sum", tuple(sums), division["contract"], f"the quotas asked for at block {block}")

    def asked_quota(self, home, period, block=None):
        call = "quotaOf(address,uint64) -> uint64,uint64,uint64"
        return self.chain.ask("quota", call, ["address", "uint64"], [home, period], block)

    def heads(self):
        """The contracts at the head keep what the history amounts to."""
        for period in sorted({period for _, period, _ in self.moved}):
            for home in self.members(period):
                due = self.quota(home, period)
                told = tuple(self.asked_quota(home, period))
                self.expect("quota", told, due, f"the quota of {home} in period {period}")
        for account, due in self.credit.items():
            call = "creditOf(address) -> uint256"
            told = self.chain.ask("trading", call, ["address"], [account])[0]
            self.expect("credit", told, due, f"the credit of {account}")
        for account, due in self.balances.items():
            told = self.chain.ask("token", "balanceOf(address) -> uint256", ["address"], [account])[0]
            self.expect("balance", told, due, f"the balance of {account}")
