// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Height} from "./Height.sol";
import {IQuota} from "./interfaces/IQuota.sol";
import {IQuotaMarket} from "./interfaces/IQuotaMarket.sol";
import {IResourceMonitoring} from "./interfaces/IResourceMonitoring.sol";
import {ITradingEnabler} from "./interfaces/ITradingEnabler.sol";

/// @title What is kept of each auction, and what it says.
abstract contract AuctionBook is ITradingEnabler, Height {
    uint8 internal constant ENERGY = 1;
    uint8 internal constant POWER = 2;
    uint8 internal constant WATER = 3;
    uint256 internal constant GAP_BLOCKS = 3;
    uint256 internal constant LEAST_PHASE_BLOCKS = 10;
    uint256 internal constant MOST_PHASE = 7 days;
    uint256 private constant WHOLE_BPS = 10_000;
    /// @dev Subjects of an excess from here on are loans of power (IQuotaMarket).
    uint8 private constant FIRST_LOAN = 16;

    /// @dev Six words, so that the costly calls write few of them:
    /// progress | phases | the buyer's seal | the best bid | the price | what bids add to, and the window.
    /// `mark` is what the winner had sold of the resource in the period with this lot. `partiesPart` adds
    /// up the parts of the buyer and the bidders, who have no share in forfeits. Slots of the window count
    /// from the period's first.
    struct Kept {
        State state;
        Reason reason;
        uint8 resource;
        uint16 bids;
        uint16 reveals;
        uint48 amount;
        uint40 period;
        uint40 revealEnd;
        uint72 mark;
        uint96 bond;
        uint40 commitEnd;
        uint40 showEnd;
        uint32 revealSeconds;
        bytes32 seal;
        address winner;
        uint96 lowest;
        uint96 second;
        uint96 maxPrice;
        uint16 winnerIndex;
        uint8 winnerPlace;
        bool buyerRefunded;
        uint64 partiesPart;
        uint40 newestBidBlock;
        uint32 fromOffset;
        uint32 untilOffset;
        uint8 buyerPlace;
    }

    struct Bid {
        bytes32 seal;
        uint16 index;
        BidState state;
        uint8 place;
    }

    IQuota public immutable quota;
    IResourceMonitoring public immutable monitoring;
    IQuotaMarket internal immutable _exchange;
    uint64 internal immutable _sampleMs;
    uint64 internal immutable _slotsPerBilling;
    uint32 public immutable blockSeconds;
    uint16 public immutable securityBps;
    bool public immutable strict;
    uint32 public immutable decisionSeconds;

    mapping(uint256 id => Kept) internal _auctions;
    mapping(uint256 id => mapping(address seller => Bid)) internal _bids;
    mapping(uint8 resource => uint64 price) public ceilingOf;

    constructor(IQuota quota_, Settings memory settings) {
        if (address(quota_) == address(0)) revert ZeroAddress("quota");
        _within("blockSeconds", settings.blockSeconds, 1, 1 hours);
        _within("securityBps", settings.securityBps, 0, WHOLE_BPS);
        uint256 least = LEAST_PHASE_BLOCKS * settings.blockSeconds;
        _within("decisionSeconds", settings.decisionSeconds, least, 90 days);
        quota = quota_;
        _exchange = IQuotaMarket(address(quota_));
        monitoring = quota_.monitoring();
        _sampleMs = monitoring.sampleMs();
        _slotsPerBilling = monitoring.slotsPerBilling();
        blockSeconds = settings.blockSeconds;
        securityBps = settings.securityBps;
        strict = settings.strict;
        decisionSeconds = settings.decisionSeconds;
    }

    // ---- Anybody

    function auctionId(address buyer, uint64 number) public pure returns (uint256 id) {
        return (uint256(uint160(buyer)) << 64) | number;
    }

    function auction(uint256 id) external view returns (Auction memory told) {
        Kept storage kept = _kept(id);
        IQuotaMarket.Lot memory lot = _lotOf(kept);
        told.buyer = _buyerOf(id);
        told.resource = lot.resource;
        told.period = lot.period;
        told.fromSlot = lot.fromSlot;
        told.untilSlot = lot.untilSlot;
        told.amount = lot.amount;
        told.state = kept.state;
        told.reason = kept.reason;
        told.bids = kept.bids;
        told.reveals = kept.reveals;
        told.commitEnd = kept.commitEnd;
        told.showEnd = kept.showEnd;
        told.revealEnd = kept.revealEnd;
        told.revealSeconds = kept.revealSeconds;
        told.newestBidBlock = kept.newestBidBlock;
        told.bond = kept.bond;
        told.seal = kept.seal;
        told.maxPrice = kept.maxPrice;
        told.winner = kept.winner;
        told.lowest = kept.lowest;
        if (kept.winner != address(0)) told.price = kept.second < kept.maxPrice ? kept.second : kept.maxPrice;
        told.buyerRefunded = kept.buyerRefunded;
    }

    function bidOf(uint256 id, address seller)
        external
        view
        returns (bytes32 seal, uint16 index, BidState state)
    {
        Bid storage bid = _bids[id][seller];
        return (bid.seal, bid.index, bid.state);
    }

    function bondFor(uint8 resource, uint64 amount, uint64 slots) public view returns (uint96 bond) {
        uint256 ceiling = ceilingOf[resource];
        if (resource < ENERGY || resource > WATER) revert ResourceUnknown(resource);
        if (ceiling == 0) revert NoCeiling(resource);
        uint256 whole = amount * ceiling;
        uint256 unit = resource == WATER ? 1_000_000 : 1000;
        if (resource == POWER) (whole, unit) = (whole * slots * _sampleMs, unit * 3_600_000);
        whole = Math.ceilDiv(whole, unit);
        if (whole >= type(uint96).max) revert BondTooLarge(whole);
        return uint96(whole);
    }

    function heldFor(uint96 bid) public view returns (uint96) {
        return uint96(Math.ceilDiv(uint256(bid) * securityBps, WHOLE_BPS));
    }

    function showFrom(uint256 id) external view returns (uint256 height, uint256 time) {
        return _showFrom(_kept(id));
    }

    function closesAt(uint256 id) external view returns (uint256 time) {
        return _closesAt(_kept(id).period);
    }

    // ---- Steps

    function _kept(uint256 id) internal view returns (Kept storage kept) {
        kept = _auctions[id];
        if (kept.state == State.None) revert NoAuction(id);
    }

    function _in(uint256 id, State expected) internal view returns (Kept storage kept) {
        kept = _kept(id);
        if (kept.state != expected) revert WrongState(kept.state, expected);
    }

    function _buyerOf(uint256 id) internal pure returns (address) {
        return address(uint160(id >> 64));
    }

    function _lotOf(Kept storage kept) internal view returns (IQuotaMarket.Lot memory lot) {
        lot = IQuotaMarket.Lot(kept.resource, kept.period, 0, 0, kept.amount);
        if (lot.resource == POWER) {
            uint64 first = lot.period * _slotsPerBilling;
            lot.fromSlot = first + kept.fromOffset;
            lot.untilSlot = first + kept.untilOffset;
        }
    }

    /// @dev What the excess of the winner is known by in the quota contract.
    function _subjectOf(Kept storage kept) internal view returns (uint8) {
        return kept.resource == POWER ? FIRST_LOAN + kept.winnerPlace : kept.resource;
    }

    function _gapSeconds() internal view returns (uint256) {
        return GAP_BLOCKS * blockSeconds;
    }

    function _showFrom(Kept storage kept) internal view returns (uint256 height, uint256 time) {
        return (kept.newestBidBlock + GAP_BLOCKS + 1, kept.commitEnd + _gapSeconds() + 1);
    }

    /// @dev First second after a period.
    function _closesAt(uint64 period) internal view returns (uint256) {
        return _timeOf((uint256(period) + 1) * _slotsPerBilling);
    }

    /// @dev First second of a slot.
    function _timeOf(uint256 slot) internal view returns (uint256) {
        return Math.ceilDiv(slot * _sampleMs, 1000);
    }

    function _within(bytes32 name, uint256 given, uint256 least, uint256 most) private pure {
        if (given < least || given > most) revert SettingOutOfRange(name, given, least, most);
    }
}
