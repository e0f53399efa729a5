// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {AuctionBook} from "./AuctionBook.sol";
import {AuctionCredit} from "./AuctionCredit.sol";
import {AuctionDelivery} from "./AuctionDelivery.sol";
import {AuctionSeals} from "./AuctionSeals.sol";
import {IQuota} from "./interfaces/IQuota.sol";
import {IQuotaMarket} from "./interfaces/IQuotaMarket.sol";

/// @title The market of a community: negotiation (figure 5), on top of its credit and its delivery.
contract TradingEnabler is AuctionSeals, AuctionDelivery, AccessManaged {
    uint64 private constant MOST_AMOUNT = type(uint48).max;

    constructor(address authority_, IERC20 token_, IQuota quota_, Settings memory settings)
        AccessManaged(authority_)
        AuctionBook(quota_, settings)
        AuctionCredit(token_)
    {
        if (authority_ == address(0)) revert ZeroAddress("authority");
    }

    // ---- Manager

    function setCeiling(uint8 resource, uint64 price) external restricted {
        if (resource < ENERGY || resource > WATER) revert ResourceUnknown(resource);
        ceilingOf[resource] = price;
        emit CeilingSet(resource, price);
    }

    function assertDelivery(uint256 id, uint64 excess, uint64 number) external restricted {
        Kept storage kept = _in(id, State.Awarded);
        _requireClosed(kept);
        _exchange.assertForMarket(kept.winner, kept.period, _subjectOf(kept), number, excess);
    }

    // ---- Negotiation

    function offer(uint64 number, Terms calldata terms, bytes32 seal) external returns (uint256 id) {
        _requireAdmitted();
        uint64 next = _accounts[msg.sender].offers + 1;
        if (number != next) revert OfferNumber(number, next);
        if (seal == 0) revert EmptySeal();
        if (terms.amount == 0 || terms.amount > MOST_AMOUNT) revert AmountOutOfRange(terms.amount);
        id = auctionId(msg.sender, number);
        Kept storage kept = _auctions[id];
        (kept.buyerPlace, kept.partiesPart) = _exchange.admitOffer(msg.sender, _lotIn(terms));
        _keepLot(kept, terms);
        _keepPhases(kept, terms);
        _take(msg.sender, kept.bond);
        _accounts[msg.sender].offers = number;
        (kept.state, kept.seal) = (State.Open, seal);
        _tellOffer(id, kept, terms);
    }

    function receiveBid(uint256 id, bytes32 seal) external {
        Kept storage kept = _in(id, State.Open);
        if (block.timestamp > kept.commitEnd) revert BidsAreOver(kept.commitEnd);
        _requireAdmitted();
        if (msg.sender == _buyerOf(id)) revert OwnAuction(id);
        if (seal == 0) revert EmptySeal();
        Bid storage bid = _bids[id][msg.sender];
        if (bid.state != BidState.None) revert AlreadyBid(id, msg.sender);
        uint16 index = kept.bids;
        if (index == type(uint16).max) revert TooManyBids(id);
        ++index;
        _take(msg.sender, kept.bond);
        (uint8 place, uint64 part) = _exchange.lock(msg.sender, _lotOf(kept));
        (bid.seal, bid.index, bid.state, bid.place) = (seal, index, BidState.Sealed, place);
        (kept.bids, kept.newestBidBlock) = (index, uint40(_height()));
        kept.partiesPart += part;
        emit BidReceived(id, msg.sender, index, seal);
    }

    function cancel(uint256 id) external {
        Kept storage kept = _in(id, State.Open);
        address buyer = _buyerOf(id);
        if (msg.sender != buyer) revert NotTheBuyer(msg.sender, buyer);
        if (kept.bids != 0) revert BidsAreIn(id, kept.bids);
        _fail(id, kept, Reason.Cancelled);
        kept.buyerRefunded = true;
        _exchange.dismissOffer(buyer, _lotOf(kept), kept.buyerPlace);
        _refund(id, buyer, kept.bond);
    }

    function depositMaxPrice(uint256 id, uint96 maxPrice, bytes32 salt) external {
        Kept storage kept = _in(id, State.Open);
        address buyer = _buyerOf(id);
        if (msg.sender != buyer) revert NotTheBuyer(msg.sender, buyer);
        (uint256 height, uint256 time) = _showFrom(kept);
        if (block.timestamp < time || _height() < height) revert GapNotOver(time, height);
        if (block.timestamp > kept.showEnd) revert ShowingIsOver(kept.showEnd);
        _requireSeal(maxPriceSeal(id, buyer, maxPrice, salt), kept.seal);
        if (maxPrice > kept.bond) revert MaxPriceAboveBond(maxPrice, kept.bond);
        uint40 revealEnd = uint40(block.timestamp) + kept.revealSeconds;
        kept.state = State.Shown;
        kept.revealEnd = revealEnd;
        kept.lowest = type(uint96).max;
        kept.maxPrice = maxPrice;
        kept.second = strict ? type(uint96).max : maxPrice;
        emit MaxPriceShown(id, maxPrice, revealEnd);
    }

    function revealBid(uint256 id, uint96 value, bytes32 salt) external {
        Kept storage kept = _in(id, State.Shown);
        if (block.timestamp > kept.revealEnd) revert RevealsAreOver(kept.revealEnd);
        Bid storage bid = _bids[id][msg.sender];
        if (bid.state == BidState.None) revert NoBid(id, msg.sender);
        if (bid.state == BidState.Revealed) revert AlreadyRevealed(id, msg.sender);
        _requireSeal(bidSeal(id, msg.sender, value, salt), bid.seal);
        bid.state = BidState.Revealed;
        ++kept.reveals;
        _count(kept, bid, value);
        emit BidRevealed(id, msg.sender, value);
    }

    function checkWinner(uint256 id) external {
        Kept storage kept = _kept(id);
        State state = kept.state;
        if (state == State.Shown) _decide(id, kept);
        else if (state != State.Open) revert WrongState(state, State.Shown);
        else if (kept.bids == 0) _failAfter(id, kept, Reason.NoBids, kept.commitEnd);
        else _failAfter(id, kept, Reason.NoMaxPrice, kept.showEnd);
    }

    // ---- Steps

    function _lotIn(Terms calldata terms) private pure returns (IQuotaMarket.Lot memory) {
        return IQuotaMarket.Lot(
            terms.resource, terms.period, terms.fromSlot, terms.untilSlot, terms.amount
        );
    }

    function _keepLot(Kept storage kept, Terms calldata terms) private {
        (uint64 from, uint64 until, uint64 period) = (terms.fromSlot, terms.untilSlot, terms.period);
        uint64 first = period * _slotsPerBilling;
        (kept.resource, kept.amount, kept.period) = (terms.resource, uint48(terms.amount), uint40(period));
        if (terms.resource == POWER) {
            bool inside = first <= from && from < until && until <= first + _slotsPerBilling;
            if (!inside) revert WindowOutsidePeriod(from, until, period);
            (kept.fromOffset, kept.untilOffset) = (uint32(from - first), uint32(until - first));
        } else if (from != 0 || until != 0) {
            revert WindowOutsidePeriod(from, until, period);
        }
        kept.bond = bondFor(terms.resource, terms.amount, until - from);
    }

    function _keepPhases(Kept storage kept, Terms calldata terms) private {
        _requirePhase("commit", terms.commitSeconds);
        _requirePhase("show", terms.showSeconds);
        _requirePhase("reveal", terms.revealSeconds);
        uint256 commitEnd = block.timestamp + terms.commitSeconds;
        uint256 showEnd = commitEnd + _gapSeconds() + terms.showSeconds;
        uint256 last = showEnd + terms.revealSeconds + _gapSeconds();
        uint256 latest = _moveUntil(kept);
        if (last > latest) revert EndsTooLate(last, latest);
        (kept.commitEnd, kept.showEnd) = (uint40(commitEnd), uint40(showEnd));
        kept.revealSeconds = terms.revealSeconds;
    }

    function _tellOffer(uint256 id, Kept storage kept, Terms calldata terms) private {
        emit OfferMade(
            id,
            msg.sender,
            terms.resource,
            terms.period,
            terms.fromSlot,
            terms.untilSlot,
            terms.amount,
            kept.bond,
            kept.seal,
            kept.commitEnd,
            kept.showEnd,
            terms.revealSeconds
        );
    }

    /// @dev The rule of the auction, one bid at a time: the two lowest are kept, in whatever order they come.
    function _count(Kept storage kept, Bid storage bid, uint96 value) private {
        (uint96 lowest, uint96 second) = (kept.lowest, kept.second);
        bool wins = value < lowest || (value == lowest && bid.index < kept.winnerIndex);
        if (value <= kept.maxPrice && wins) {
            if (lowest < second) kept.second = lowest;
            (kept.winner, kept.lowest) = (msg.sender, value);
            (kept.winnerIndex, kept.winnerPlace) = (bid.index, bid.place);
        } else if (value < second) {
            kept.second = value;
        }
    }

    function _decide(uint256 id, Kept storage kept) private {
        uint16 silent = kept.bids - kept.reveals;
        if (silent != 0) {
            if (block.timestamp <= kept.revealEnd) revert TooEarly(kept.revealEnd);
            emit BondsForfeited(id, silent);
        }
        if (kept.winner == address(0)) return _fail(id, kept, Reason.NoneUnderMax);
        if (kept.second > kept.maxPrice && kept.reveals > 1) return _fail(id, kept, Reason.SecondAboveMax);
        if (block.timestamp >= _moveUntil(kept)) return _fail(id, kept, Reason.TooLate);
        _award(id, kept);
    }

    function _award(uint256 id, Kept storage kept) private {
        (address winner, address buyer) = (kept.winner, _buyerOf(id));
        // Only power has places: for the rest the word they are in is not read.
        uint8 buyerPlace = kept.resource == POWER ? kept.buyerPlace : 0;
        kept.state = State.Awarded;
        if (kept.second > kept.maxPrice) kept.second = kept.maxPrice;
        kept.mark = _exchange.moveLocked(
            winner, kept.winnerPlace, buyer, buyerPlace, kept.period, kept.resource, kept.amount
        );
        emit AuctionAwarded(id, winner, buyer, kept.second, heldFor(kept.lowest));
    }

    function _failAfter(uint256 id, Kept storage kept, Reason reason, uint256 end) private {
        if (block.timestamp <= end) revert TooEarly(end);
        if (reason == Reason.NoMaxPrice) emit BondsForfeited(id, 1);
        _fail(id, kept, reason);
    }

    function _fail(uint256 id, Kept storage kept, Reason reason) private {
        (kept.state, kept.reason) = (State.Failed, reason);
        emit AuctionFailed(id, reason);
    }

    /// @dev Quota moves before the period is over; power before its window begins.
    function _moveUntil(Kept storage kept) private view returns (uint256) {
        uint64 period = kept.period;
        if (kept.resource != POWER) return _closesAt(period);
        return _timeOf(uint256(period) * _slotsPerBilling + kept.fromOffset);
    }

    function _requireAdmitted() private view {
        if (!monitoring.isAdmitted(msg.sender)) revert NotAdmitted(msg.sender);
    }

    function _requirePhase(bytes32 phase, uint256 given) private view {
        uint256 least = LEAST_PHASE_BLOCKS * blockSeconds;
        if (given < least || given > MOST_PHASE) revert PhaseOutOfRange(phase, given, least, MOST_PHASE);
    }

    function _requireSeal(bytes32 shown, bytes32 kept) private pure {
        if (shown != kept) revert WrongSeal(shown, kept);
    }
}
