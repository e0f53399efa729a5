// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITradingEnabler} from "@contracts/interfaces/ITradingEnabler.sol";
import {World} from "./World.sol";

/// @title What should be, kept beside the contracts by the written rules and not by their code.
/// @notice Every auction has a pot: what was paid into it and not taken out. Credits, pots and locks are
/// compared with the contracts after every call.
abstract contract Ledger is World {
    enum Step {
        None,
        Sealed,
        Revealed,
        Refunded
    }

    struct Deal {
        uint256 id;
        uint256 buyer;
        uint8 resource;
        uint64 period;
        uint64 amount;
        uint96 bond;
        uint96 maxPrice;
        ITradingEnabler.State state;
        ITradingEnabler.Reason reason;
        bool shown;
        bool buyerBack;
        uint256 winner;
        uint96 lowest;
        uint96 price;
        uint256 pot;
        uint256 revealed;
        uint256 latest;
        uint64 parts;
        uint256[] bidders;
    }

    struct Bid {
        uint96 value;
        Step step;
        bool wasRevealed;
        bool shared;
        uint8 place;
    }

    uint256 internal constant NOBODY = type(uint256).max;

    Deal[] internal deals;
    mapping(uint256 deal => mapping(uint256 home => Bid)) internal bids;
    mapping(uint256 home => uint256) internal credit;
    mapping(uint256 home => uint256) internal putIn;
    mapping(uint256 home => uint256) internal won;
    mapping(uint256 home => uint256) internal takenOut;
    mapping(uint64 period => mapping(uint256 home => mapping(uint8 resource => uint256))) internal locked;
    uint256 internal pots;
    bool internal immutable isStrict;

    constructor(bool strict) World(strict) {
        isStrict = strict;
        for (uint256 i; i < HOMES; ++i) (credit[i], putIn[i]) = (CREDIT, CREDIT);
    }

    function _pay(uint256 home, uint256 deal, uint256 amount) internal {
        credit[home] -= amount;
        deals[deal].pot += amount;
        pots += amount;
    }

    function _back(uint256 home, uint256 deal, uint256 amount) internal {
        credit[home] += amount;
        deals[deal].pot -= amount;
        pots -= amount;
    }

    function _partOf(uint256 home, Deal storage deal) internal view returns (uint64 part) {
        (part,) = quota.partOf(homes[home], deal.period, deal.resource);
    }

    function _heldFor(uint96 bid) internal pure returns (uint256) {
        return (uint256(bid) * SECURITY_BPS + 9999) / 10_000;
    }

    /// @dev The rule over all revealed bids at once: the lowest within the maximum price, the earlier of two
    /// equal ones; the second lowest of the others, at most the maximum price.
    function _ends(uint256 at)
        internal
        view
        returns (ITradingEnabler.Reason reason, uint256 winner, uint96 price)
    {
        Deal storage deal = deals[at];
        winner = NOBODY;
        for (uint256 i; i < deal.bidders.length; ++i) {
            Bid storage bid = bids[at][deal.bidders[i]];
            if (!bid.wasRevealed || bid.value > deal.maxPrice) continue;
            if (winner == NOBODY || bid.value < bids[at][winner].value) winner = deal.bidders[i];
        }
        if (winner == NOBODY) return (ITradingEnabler.Reason.NoneUnderMax, NOBODY, 0);
        price = deal.maxPrice;
        bool capped = deal.revealed > 1;
        for (uint256 i; i < deal.bidders.length; ++i) {
            Bid storage bid = bids[at][deal.bidders[i]];
            if (!bid.wasRevealed || deal.bidders[i] == winner || bid.value > deal.maxPrice) continue;
            capped = false;
            if (bid.value < price) price = bid.value;
        }
        if (isStrict && capped) reason = ITradingEnabler.Reason.SecondAboveMax;
        else if (clock >= deal.latest) reason = ITradingEnabler.Reason.TooLate;
    }

    /// @dev An auction was decided: by the contract, and by the rule.
    function _decided(uint256 at) internal {
        Deal storage deal = deals[at];
        if (deal.state == ITradingEnabler.State.Open) {
            bool none = deal.bidders.length == 0;
            deal.reason = none ? ITradingEnabler.Reason.NoBids : ITradingEnabler.Reason.NoMaxPrice;
        } else {
            (deal.reason, deal.winner, deal.price) = _ends(at);
        }
        bool awarded = deal.reason == ITradingEnabler.Reason.None;
        deal.state = awarded ? ITradingEnabler.State.Awarded : ITradingEnabler.State.Failed;
        ITradingEnabler.Auction memory told = trading.auction(deal.id);
        require(told.state == deal.state && told.reason == deal.reason, "ends otherwise than by the rule");
        if (!awarded) return;
        deal.lowest = bids[at][deal.winner].value;
        require(told.winner == homes[deal.winner], "another wins than by the rule");
        require(told.price == deal.price && told.lowest == deal.lowest, "another price than by the rule");
        if (deal.resource != 2) locked[deal.period][deal.winner][deal.resource] -= deal.amount;
    }

    /// @dev What a refund gives back, by docs/penalties.md.
    function _refunded(uint256 at, uint256 home) internal {
        Deal storage deal = deals[at];
        Bid storage bid = bids[at][home];
        bool unshown = deal.reason == ITradingEnabler.Reason.NoMaxPrice;
        bool failed = deal.state == ITradingEnabler.State.Failed;
        uint256 amount;
        if (home == deal.buyer) {
            require(!deal.buyerBack, "the buyer was refunded twice");
            deal.buyerBack = true;
            amount = failed ? (unshown ? 0 : deal.bond) : deal.bond - deal.price;
        } else {
            require(bid.step == Step.Sealed || bid.step == Step.Revealed, "a seller was refunded twice");
            bool wins = !failed && home == deal.winner;
            amount = bid.wasRevealed || unshown ? deal.bond : 0;
            if (wins) amount = deal.bond - _heldFor(deal.lowest);
            else locked[deal.period][home][deal.resource] -= deal.amount;
            bid.step = Step.Refunded;
        }
        _back(home, at, amount);
    }

    function _settled(uint256 at, uint64 delivered) internal {
        Deal storage deal = deals[at];
        require(delivered <= deal.amount, "more was delivered than sold");
        deal.state = ITradingEnabler.State.Settled;
        (uint256 price, uint256 held, uint256 whole) = (deal.price, _heldFor(deal.lowest), deal.amount);
        uint256 missing = whole - delivered;
        uint256 paid = price * delivered / whole;
        uint256 penalty = held * missing / whole;
        _back(deal.winner, at, paid + held * delivered / whole);
        _back(deal.buyer, at, price * missing / whole + penalty);
        won[deal.winner] += paid;
        won[deal.buyer] += penalty;
    }

    function _forfeits(uint256 at) internal view returns (uint256) {
        Deal storage deal = deals[at];
        if (deal.reason == ITradingEnabler.Reason.NoMaxPrice) return deal.bond;
        if (deal.shown) return uint256(deal.bond) * (deal.bidders.length - deal.revealed);
        return 0;
    }

    function _share(uint256 at, uint256 home) internal view returns (uint256) {
        Deal storage deal = deals[at];
        bool party = home == deal.buyer || bids[at][home].step != Step.None;
        uint64 part = _partOf(home, deal);
        if (party || bids[at][home].shared || part == 0) return 0;
        (, uint64 whole) = quota.partOf(homes[home], deal.period, deal.resource);
        return _forfeits(at) * part / (whole - deal.parts);
    }

    function _shared(uint256 at, uint256 home, uint256 amount) internal {
        bids[at][home].shared = true;
        won[home] += amount;
        _back(home, at, amount);
    }
}
