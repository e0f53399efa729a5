// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITradingEnabler} from "@contracts/interfaces/ITradingEnabler.sol";
import {Ledger} from "./Ledger.sol";
import {Meters} from "./Meters.sol";
import {vm} from "./Cheats.sol";

/// @title What homes, the manager and strangers do to the market, at random.
/// @notice Each call is tried as it comes: the contracts carry it out or refuse it by a named error, and the
/// ledger follows what was carried out. A call that reverts in here is a finding.
abstract contract Players is Meters {
    bytes4 private constant PANIC = 0x4e487b71;
    bytes4 private constant TEXT = 0x08c379a0;
    uint256 private constant RECENT = 5;
    uint256 private constant RECENT_AWARDS = 20;
    address internal constant STRANGER = address(0xBAD);

    mapping(string action => uint256) public done;
    uint256 public tries;
    uint256 public refusals;
    mapping(uint256 home => bool) internal frozen;
    bool internal paused;
    uint256 internal touched;

    constructor(bool strict) Ledger(strict) {}

    // ---- Trying

    function _try(string memory action, address from, address to, bytes memory data)
        internal
        returns (bool ok)
    {
        bytes memory answer;
        if (from != address(this)) vm.prank(from);
        (ok, answer) = to.call(data);
        ++tries;
        if (ok) {
            ++done[action];
            return true;
        }
        ++refusals;
        require(answer.length >= 4, string.concat(action, ": refused without a name"));
        bytes4 name = bytes4(answer);
        require(name != PANIC && name != TEXT, string.concat(action, ": refused without a name"));
    }

    function _trade(string memory action, uint256 home, bytes memory data) internal returns (bool) {
        return _try(action, homes[home], address(trading), data);
    }

    function _salt(uint256 id, uint256 home) internal pure returns (bytes32) {
        return keccak256(abi.encode(id, home));
    }

    /// @dev One of the latest auctions.
    function _deal(uint256 seed) internal returns (uint256 at) {
        uint256 many = deals.length < RECENT ? deals.length : RECENT;
        at = deals.length - 1 - seed % many;
        touched = at;
    }

    /// @dev One of the latest that wait for delivery, if there is one.
    function _awarded(uint256 seed) internal returns (uint256) {
        uint256 many = deals.length < RECENT_AWARDS ? deals.length : RECENT_AWARDS;
        for (uint256 i; i < many; ++i) {
            uint256 at = deals.length - 1 - (seed + i) % many;
            if (deals[at].state != ITradingEnabler.State.Awarded) continue;
            touched = at;
            return at;
        }
        return _deal(seed);
    }

    // ---- Negotiation

    function _offer(uint256 seed) internal {
        uint256 buyer = seed % HOMES;
        uint8 resource = uint8(1 + seed / 8 % 4 % 3);
        uint64 period = _period() + uint64(clock % PERIOD_S > 60 || seed & 32 != 0 ? 1 : 0);
        ITradingEnabler.Terms memory terms =
            ITradingEnabler.Terms(resource, period, 0, 0, uint64(1 + seed / 64 % 4000), 12, 12, 12);
        if (resource == 2) (terms.fromSlot, terms.untilSlot) = (period * SLOTS + 60, period * SLOTS + 90);
        uint96 bond = trading.bondFor(resource, terms.amount, terms.untilSlot - terms.fromSlot);
        // One in sixteen cannot be shown, since it is above the bond.
        uint96 maxPrice = seed >> 90 & 15 == 0 ? bond + 1 : uint96((seed >> 100) % (uint256(bond) + 1));
        uint64 number = trading.offersOf(homes[buyer]) + 1;
        uint256 id = trading.auctionId(homes[buyer], number);
        bytes32 seal = trading.maxPriceSeal(id, homes[buyer], maxPrice, _salt(id, buyer));
        if (!_trade("offer", buyer, abi.encodeCall(trading.offer, (number, terms, seal)))) return;
        Deal storage deal = deals.push();
        (deal.id, deal.buyer, deal.resource, deal.period) = (id, buyer, resource, period);
        (deal.amount, deal.bond, deal.maxPrice) = (terms.amount, bond, maxPrice);
        (deal.state, deal.winner) = (ITradingEnabler.State.Open, NOBODY);
        deal.latest = resource == 2 ? terms.fromSlot * SAMPLE_MS / 1000 : (uint256(period) + 1) * PERIOD_S;
        deal.parts = _partOf(buyer, deal);
        touched = deals.length - 1;
        _pay(buyer, touched, bond);
    }

    function _bid(uint256 at, uint256 home, uint256 seed) internal {
        Deal storage deal = deals[at];
        uint96 value = uint96(seed % (uint256(deal.maxPrice) + deal.maxPrice / 8 + 2));
        if (seed >> 200 & 3 == 0 && deal.bidders.length != 0) value = bids[at][deal.bidders[0]].value;
        bytes32 seal = trading.bidSeal(deal.id, homes[home], value, _salt(deal.id, home));
        uint8 place = _freePlace(home, deal.period);
        if (!_trade("bid", home, abi.encodeCall(trading.receiveBid, (deal.id, seal)))) return;
        require(home != deal.buyer && deal.state == ITradingEnabler.State.Open, "a bid out of place");
        bids[at][home] = Bid(value, Step.Sealed, false, false, place);
        deal.bidders.push(home);
        deal.parts += _partOf(home, deal);
        locked[deal.period][home][deal.resource] += deal.amount;
        _pay(home, at, deal.bond);
    }

    function _cancel(uint256 at, uint256 by) internal {
        Deal storage deal = deals[at];
        if (!_trade("cancel", by, abi.encodeCall(trading.cancel, (deal.id)))) return;
        require(by == deal.buyer && deal.bidders.length == 0, "cancelled by another, or after a bid");
        (deal.state, deal.reason) = (ITradingEnabler.State.Failed, ITradingEnabler.Reason.Cancelled);
        deal.buyerBack = true;
        _back(deal.buyer, at, deal.bond);
    }

    function _show(uint256 at, uint256 by) internal {
        Deal storage deal = deals[at];
        bytes memory data =
            abi.encodeCall(trading.depositMaxPrice, (deal.id, deal.maxPrice, _salt(deal.id, deal.buyer)));
        if (!_trade("show", by, data)) return;
        require(by == deal.buyer && deal.maxPrice <= deal.bond, "shown by another, or above the bond");
        (deal.state, deal.shown) = (ITradingEnabler.State.Shown, true);
    }

    /// @dev `from` shows the bid of `home`.
    function _reveal(uint256 at, uint256 home, uint256 from, uint96 more) internal {
        Deal storage deal = deals[at];
        Bid storage bid = bids[at][home];
        uint96 value = bid.value + more;
        bytes memory data = abi.encodeCall(trading.revealBid, (deal.id, value, _salt(deal.id, home)));
        if (!_trade("reveal", from, data)) return;
        require(home == from && more == 0, "a bid that was not sealed counts");
        require(bid.step == Step.Sealed, "a bid counts twice");
        (bid.step, bid.wasRevealed) = (Step.Revealed, true);
        ++deal.revealed;
    }

    function _decide(uint256 at, address by) internal {
        Deal storage deal = deals[at];
        if (!_try("decide", by, address(trading), abi.encodeCall(trading.checkWinner, (deal.id)))) return;
        _decided(at);
        if (deal.state == ITradingEnabler.State.Awarded) ++done["award"];
        if (_forfeits(at) != 0) ++done["forfeit"];
    }

    // ---- Afterwards

    function _refund(uint256 at, uint256 home, address by) internal {
        Deal storage deal = deals[at];
        bool failed = deal.state == ITradingEnabler.State.Failed;
        bytes memory data = failed
            ? abi.encodeCall(trading.refundFail, (deal.id, homes[home]))
            : abi.encodeCall(trading.refundSucceed, (deal.id, homes[home]));
        if (_try("refund", by, address(trading), data)) _refunded(at, home);
    }

    function _confirm(uint256 at, address by) internal {
        Deal storage deal = deals[at];
        if (deal.state != ITradingEnabler.State.Awarded) return;
        (bool decided, uint64 delivered) = trading.deliveryOf(deal.id);
        bytes memory data = abi.encodeCall(trading.confirmResourceExchange, (deal.id));
        if (!_try("confirm", by, address(trading), data)) return;
        require(decided || by == homes[deal.buyer], "settled without a decision");
        _settled(at, decided ? delivered : deal.amount);
        if (!decided) ++done["accepted"];
        else if (delivered == deal.amount) ++done["delivered whole"];
        else ++done[delivered == 0 ? "delivered nothing" : "delivered in part"];
    }

    function _claim(uint256 at, uint256 home) internal {
        uint256 share = deals[at].state == ITradingEnabler.State.Failed
            || deals[at].state == ITradingEnabler.State.Awarded
            || deals[at].state == ITradingEnabler.State.Settled ? _share(at, home) : 0;
        if (!_trade("claim", home, abi.encodeCall(trading.claimForfeit, (deals[at].id)))) return;
        require(share != 0, "a share that nobody owes");
        _shared(at, home, share);
    }

    // ---- Judging

    /// @dev The manager states the truth, or what it likes.
    function _state(uint256 at, uint256 seed) internal {
        Deal storage deal = deals[at];
        if (deal.winner == NOBODY) return;
        uint64 excess = seed & 1 == 0 ? _excess(at) : uint64(seed >> 8) % 6000;
        uint64 number = meters[deal.winner].middleNumber[deal.period];
        bytes memory data = abi.encodeCall(trading.assertDelivery, (deal.id, excess, number));
        _try("state", address(this), address(trading), data);
    }

    function _challenge(uint256 at, uint256 by) internal {
        Deal storage deal = deals[at];
        if (deal.winner == NOBODY) return;
        uint64 number = meters[deal.winner].middleNumber[deal.period];
        bytes memory data = abi.encodeCall(trading.challengeDelivery, (deal.id, number));
        string memory action = by == deal.buyer ? "challenge of the buyer" : "challenge of the seller";
        if (!_trade(action, by, data)) return;
        require(by == deal.buyer || by == deal.winner, "challenged by another");
    }

    function _open(uint256 at, address by) internal {
        Deal storage deal = deals[at];
        if (deal.winner == NOBODY) return;
        bytes memory data = deal.resource == 2 ? _loanOpening(at) : _excessOpening(at);
        _try("open", by, address(quota), data);
    }

    function _excessOpening(uint256 at) private view returns (bytes memory) {
        Deal storage deal = deals[at];
        (uint64 start, uint64 value, uint256 blinding) = _use(deal.winner, deal.period, deal.resource);
        Meter storage meter = meters[deal.winner];
        return abi.encodeCall(
            quota.openExcess,
            (
                homes[deal.winner],
                deal.period,
                deal.resource,
                start,
                _record(meter.anchors[start]),
                _record(meter.anchors[deal.period]),
                value,
                blinding
            )
        );
    }

    function _loanOpening(uint256 at) private view returns (bytes memory) {
        Deal storage deal = deals[at];
        Reading memory reading = meters[deal.winner].middles[deal.period];
        uint8 place = bids[at][deal.winner].place;
        return abi.encodeCall(
            quota.openLoan,
            (
                homes[deal.winner],
                deal.period,
                place,
                _record(reading),
                reading.peak,
                reading.peakBlinding
            )
        );
    }

    /// @dev By how much the winner exceeded its quota, by what it metered.
    function _excess(uint256 at) private view returns (uint64) {
        Deal storage deal = deals[at];
        address home = homes[deal.winner];
        Meter storage meter = meters[deal.winner];
        uint64 used;
        uint64 free;
        if (deal.resource == 2) {
            used = meter.middles[deal.period].peak;
            free = quota.powerQuotaAt(home, deal.period * SLOTS + MIDDLE);
        } else {
            if (meter.anchors[deal.period].slot == 0) return 0;
            (, used,) = _use(deal.winner, deal.period, deal.resource);
            (uint64 energyWh,, uint64 waterMl) = quota.quotaOf(home, deal.period);
            free = deal.resource == 1 ? energyWh : waterMl;
        }
        return used > free ? used - free : 0;
    }

    function _freePlace(uint256 home, uint64 period) private view returns (uint8 place) {
        while (place < 32 && quota.loanOf(homes[home], period, place).amount != 0) ++place;
    }
}
