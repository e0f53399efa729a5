// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IQuota} from "./IQuota.sol";
import {IResourceMonitoring} from "./IResourceMonitoring.sol";

/// @title The market of a community: sealed-bid reverse Vickrey auctions of quota, paid in SCT.
/// @notice A home that needs quota offers to buy a lot; homes that can spare it bid under seal; the lowest
/// bid wins and is paid the second lowest, and never more than the buyer's sealed maximum price. All
/// amounts of money are micro-SCT (the token's smallest unit) for the whole lot.
///
/// Resources: 1 energy (Wh), 2 power (W, lent for a window of slots of one billing period), 3 water (mL).
///
/// Auction id: uint256(uint160(buyer)) << 64 | number, where number counts the buyer's own offers from 1. So
/// a buyer knows the id before it seals its maximum price, no other offer can take it, and an offer sent
/// twice is refused the second time.
///
/// Phases, in block time:
///   bids      up to commitEnd;
///   gap       3 blocks after the newest bid, and 3 block periods after commitEnd;
///   show      up to showEnd: the buyer shows its maximum price;
///   reveals   from then on up to revealEnd = time of showing + revealSeconds, or until all have revealed;
///   check     from then on, before the lot's period (or window) makes a move impossible.
///
/// Seals are EIP-712 digests, domain {name "SmartCommunity.Auction", version "1", chainId, this contract}:
///   Bid(uint256 auctionId,address bidder,uint128 value,bytes32 salt)
///   MaxPrice(uint256 auctionId,address buyer,uint128 value,bytes32 salt)
///
/// Money. Homes deposit SCT here once and use the credit for all auctions; what comes back becomes credit
/// again and is withdrawn by whoever owns it. Nothing but `deposit`, `depositWithPermit` and `withdraw`
/// calls the token, so that a frozen or paused account holds up nobody else.
/// The bond = the lot at the public ceiling price, rounded up: the same for the buyer and for all sellers,
/// so that it tells nothing about a bid. It is forfeited by who does not show. When a seller reveals, its
/// bond becomes its deposit, of which S * bid stays until delivery; when the buyer shows its maximum price
/// (which cannot be above the bond), its bond becomes the deposit that pays the price.
///
/// Delivery. delivered = amount - the seller's excess over its quota, last sold cut first (see IQuotaMarket).
/// The seller gets price * delivered / amount and as much of its deposit, the buyer the rest of both;
/// roundings stay here. Facts decide: the statement of the manager, which buyer or seller may force open,
/// or, when the manager stays silent for `decisionSeconds` after the period's close, that the seller kept
/// within its quota if it metered the period at all, and delivered nothing if it did not. A statement that
/// the buyer forces open and nobody opens counts as nothing delivered. So silence gains nothing: the seller
/// can open by itself, the buyer can demand it by itself.
///
/// Forfeits are shared among the homes that took no part in the auction, by their parts of the resource's
/// contract, after the period's close; each pulls its own. No role can draw on them.
interface ITradingEnabler {
    /// @notice Open: taking bids, or waiting for the maximum price. Shown: taking reveals. Awarded: the
    /// quota is moved, delivery is waited for. Failed: nothing was moved. Settled: paid.
    enum State {
        None,
        Open,
        Shown,
        Awarded,
        Failed,
        Settled
    }

    /// @notice Why an auction failed. NoMaxPrice: the buyer did not show it in time. NoneUnderMax: no
    /// revealed bid was at or under it. SecondAboveMax: the paper's strict rule. TooLate: `checkWinner`
    /// came when the lot's period was over or its window had begun.
    enum Reason {
        None,
        Cancelled,
        NoBids,
        NoMaxPrice,
        NoneUnderMax,
        SecondAboveMax,
        TooLate
    }

    /// @notice How far a seller's bid has come. Refunded: what was not needed any more went back.
    enum BidState {
        None,
        Sealed,
        Revealed,
        Refunded
    }

    /// @notice What a buyer asks for. `period` is the current billing period or the next one; `fromSlot` and
    /// `untilSlot` (exclusive) are a window within it for power, and 0 for energy and water.
    struct Terms {
        uint8 resource;
        uint64 period;
        uint64 fromSlot;
        uint64 untilSlot;
        uint64 amount;
        uint32 commitSeconds;
        uint32 showSeconds;
        uint32 revealSeconds;
    }

    /// @notice Everything about an auction. `revealEnd` is 0 until the maximum price is shown. `winner` and
    /// `lowest` are the best so far while reveals are taken; `price` is what the winner would be paid by the
    /// reveals so far, and what it is paid once awarded.
    struct Auction {
        address buyer;
        uint8 resource;
        uint64 period;
        uint64 fromSlot;
        uint64 untilSlot;
        uint64 amount;
        State state;
        Reason reason;
        uint16 bids;
        uint16 reveals;
        uint64 commitEnd;
        uint64 showEnd;
        uint64 revealEnd;
        uint32 revealSeconds;
        uint64 newestBidBlock;
        uint96 bond;
        bytes32 seal;
        uint96 maxPrice;
        address winner;
        uint96 lowest;
        uint96 price;
        bool buyerRefunded;
    }

    /// @notice Settings of the deployment. `blockSeconds`: the chain's block period. `securityBps`: S of the
    /// paper in 1/10,000. `strict`: the paper's rule, that fails an auction whose second lowest bid is above
    /// the maximum price. `decisionSeconds`: time after a period's close after which silence decides.
    struct Settings {
        uint32 blockSeconds;
        uint16 securityBps;
        bool strict;
        uint32 decisionSeconds;
    }

    error ZeroAddress(bytes32 name);
    error SettingOutOfRange(bytes32 name, uint256 given, uint256 least, uint256 most);
    error NotAdmitted(address home);
    error ResourceUnknown(uint8 resource);
    /// @notice An amount is from 1 to 2^48 - 1.
    error AmountOutOfRange(uint64 given);
    /// @notice The manager has set no ceiling price for the resource yet.
    error NoCeiling(uint8 resource);
    /// @notice The lot at the ceiling price is not below 2^96 - 1 micro-SCT.
    error BondTooLarge(uint256 bond);
    error PhaseOutOfRange(bytes32 phase, uint256 given, uint256 least, uint256 most);
    /// @notice Energy and water have no window; a window of power lies inside its period.
    error WindowOutsidePeriod(uint64 fromSlot, uint64 untilSlot, uint64 period);
    /// @notice The phases would last until `end`, but the lot must be awarded by `latest`.
    error EndsTooLate(uint256 end, uint256 latest);
    /// @notice The number of an offer must be the buyer's next one: `offersOf(buyer) + 1`.
    error OfferNumber(uint64 given, uint64 next);
    error EmptySeal();
    error NotEnoughCredit(address account, uint256 has, uint256 needs);
    error NoAuction(uint256 id);
    error WrongState(State state, State expected);
    error NotTheBuyer(address caller, address buyer);
    /// @notice The buyer may not bid in its own auction.
    error OwnAuction(uint256 id);
    error AlreadyBid(uint256 id, address seller);
    error TooManyBids(uint256 id);
    error BidsAreOver(uint256 end);
    error BidsAreIn(uint256 id, uint16 bids);
    /// @notice The maximum price may be shown after `time` and after block `height`.
    error GapNotOver(uint256 time, uint256 height);
    error ShowingIsOver(uint256 end);
    error RevealsAreOver(uint256 end);
    error WrongSeal(bytes32 shown, bytes32 kept);
    error MaxPriceAboveBond(uint96 maxPrice, uint96 bond);
    error NoBid(uint256 id, address seller);
    error AlreadyRevealed(uint256 id, address seller);
    /// @notice The auction cannot be decided before `time`.
    error TooEarly(uint256 time);
    error NothingToRefund(uint256 id, address account);
    /// @notice Neither the buyer nor the winner of the auction.
    error NotAParty(address caller);
    /// @notice Delivery is judged after the period's close, or after the window's end for power.
    error NotClosed(uint256 closesAt);
    /// @notice Delivery is not decided: no statement, or one whose challenge is still open.
    error NotDecided(IQuota.Status status, uint256 decidedBySilenceAt);
    error DecidedBySilence(uint256 since);
    error PeriodNotOver(uint64 period);
    error NothingToShare(uint256 id, address home);

    event CeilingSet(uint8 indexed resource, uint64 price);
    event Deposited(address indexed account, uint256 amount);
    event Withdrawn(address indexed account, uint256 amount);
    event OfferMade(
        uint256 indexed id,
        address indexed buyer,
        uint8 indexed resource,
        uint64 period,
        uint64 fromSlot,
        uint64 untilSlot,
        uint64 amount,
        uint96 bond,
        bytes32 seal,
        uint64 commitEnd,
        uint64 showEnd,
        uint32 revealSeconds
    );
    /// @notice `index` counts the bids of the auction from 1: the earlier commit wins a tie.
    event BidReceived(uint256 indexed id, address indexed seller, uint16 index, bytes32 seal);
    event MaxPriceShown(uint256 indexed id, uint96 maxPrice, uint64 revealEnd);
    event BidRevealed(uint256 indexed id, address indexed seller, uint96 value);
    /// @notice `held` of the winner's deposit stays until delivery.
    event AuctionAwarded(
        uint256 indexed id, address indexed winner, address indexed buyer, uint96 price, uint96 held
    );
    event AuctionFailed(uint256 indexed id, Reason reason);
    /// @notice So many bonds went to the treasury: the buyer's (NoMaxPrice), or those of all who did not
    /// reveal.
    event BondsForfeited(uint256 indexed id, uint16 bonds);
    /// @notice `amount` micro-SCT became credit of the account again; its quota is free.
    event Refunded(uint256 indexed id, address indexed account, uint256 amount);
    /// @notice `paid` is what the seller got of the price, `penalty` what the buyer got of the seller's
    /// deposit. `delivered` is in the lot's unit.
    event ExchangeConfirmed(
        uint256 indexed id,
        address indexed seller,
        address indexed buyer,
        uint64 delivered,
        uint96 paid,
        uint96 penalty
    );
    event ForfeitShared(uint256 indexed id, address indexed home, uint256 amount);

    // ---- Manager

    /// @notice Sets the public ceiling price of a resource: micro-SCT per kWh, per kW and hour, or per m3.
    /// Offers that were made keep their bonds.
    function setCeiling(uint8 resource, uint64 price) external;

    /// @notice States by how much the seller exceeded, for all its lots of that resource and period (energy
    /// Wh, water mL; 0: not at all), or for this lot of power: W above the quota of one slot of the window,
    /// net of what was lent later over that slot, with `number` the seller's record of that slot
    /// (`IResourceMonitoring.recordAt`; any when the excess is 0). It stands after the challenge window of
    /// the quota contract.
    function assertDelivery(uint256 id, uint64 excess, uint64 number) external;

    // ---- Credit

    /// @notice Takes SCT from the caller by its allowance and gives it credit.
    function deposit(uint256 amount) external;

    /// @notice The same with a permit (ERC-2612) in place of an allowance. A permit that somebody else
    /// already used does no harm as long as the allowance is there.
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Gives SCT back to the caller from its free credit.
    function withdraw(uint256 amount) external;

    // ---- Negotiation (figure 5)

    /// @notice Offers to buy a lot. `number` must be `offersOf(caller) + 1`; `seal` is the sealed maximum
    /// price for the auction `auctionId(caller, number)`. Takes the bond from the caller's credit. Each phase
    /// lasts 10 blocks to 7 days, and all of them end 3 block periods before the period (or the window of
    /// power) does (begins).
    function offer(uint64 number, Terms calldata terms, bytes32 seal) external returns (uint256 id);

    /// @notice Puts in a sealed bid: takes the bond from the caller's credit and locks the amount of its
    /// quota. One bid per home, not the buyer's.
    function receiveBid(uint256 id, bytes32 seal) external;

    /// @notice Ends an auction in which nobody has bid; the buyer's bond is credit again.
    function cancel(uint256 id) external;

    /// @notice The buyer shows its maximum price; its bond becomes its deposit.
    function depositMaxPrice(uint256 id, uint96 maxPrice, bytes32 salt) external;

    /// @notice A seller shows its bid; its bond becomes its deposit. A bid above the maximum price is taken,
    /// and counts for nothing.
    function revealBid(uint256 id, uint96 value, bytes32 salt) external;

    /// @notice Decides the auction; anybody may call. Awards (and moves the quota) or fails, and leaves bonds
    /// that were not shown to the treasury.
    function checkWinner(uint256 id) external;

    // ---- Payment and delivery (figure 6)

    /// @notice After an award: gives an account back what is not needed any more (the buyer its bond less the
    /// price, the winner its bond less S * bid, another seller that revealed its bond) and frees its locked
    /// quota. Anybody may call for any account, once.
    function refundSucceed(uint256 id, address account) external;

    /// @notice After a failure: gives back the bond of a buyer that showed its maximum price or had no bids,
    /// and of a seller that revealed or could not, and frees the locked quota. Anybody may call, once.
    function refundFail(uint256 id, address account) external;

    /// @notice Pays. Once the facts have decided delivery, anybody may call; before the period's close the
    /// buyer may call to accept the whole as delivered.
    function confirmResourceExchange(uint256 id) external;

    /// @notice Forces the opening of the seller's excess, by the buyer or the winner, before delivery is
    /// decided. For power the buyer names a record of the seller in the window, to be opened; for a demand of
    /// the seller, or another resource, `number` is ignored.
    function challengeDelivery(uint256 id, uint64 number) external;

    /// @notice The caller's share of the bonds forfeited in an auction it took no part in becomes its credit,
    /// after the lot's period is over, once.
    function claimForfeit(uint256 id) external;

    // ---- What anybody reads

    function token() external view returns (IERC20);

    function quota() external view returns (IQuota);

    function monitoring() external view returns (IResourceMonitoring);

    function blockSeconds() external view returns (uint32);

    function securityBps() external view returns (uint16);

    function strict() external view returns (bool);

    function decisionSeconds() external view returns (uint32);

    /// @notice Ceiling price: micro-SCT per kWh, kW and hour, or m3; 0 when it was never set.
    function ceilingOf(uint8 resource) external view returns (uint64 price);

    /// @notice The bond of a lot at today's ceiling: `slots` is the length of the window, for power.
    function bondFor(uint8 resource, uint64 amount, uint64 slots) external view returns (uint96 bond);

    /// @notice Free credit of an account.
    function creditOf(address account) external view returns (uint256);

    /// @notice How many offers the account has made.
    function offersOf(address buyer) external view returns (uint64);

    function auctionId(address buyer, uint64 number) external pure returns (uint256 id);

    function auction(uint256 id) external view returns (Auction memory);

    function bidOf(uint256 id, address seller)
        external
        view
        returns (bytes32 seal, uint16 index, BidState state);

    /// @notice What is held of the winner's deposit for the lowest bid: S * bid, rounded up.
    function heldFor(uint96 bid) external view returns (uint96);

    /// @notice First block and first time at which the maximum price may be shown, by the bids so far.
    function showFrom(uint256 id) external view returns (uint256 height, uint256 time);

    /// @notice When the lot's period is over, from when on silence counts.
    function closesAt(uint256 id) external view returns (uint256 time);

    /// @notice Whether delivery is decided as of this block, and how much of the lot was delivered.
    function deliveryOf(uint256 id) external view returns (bool decided, uint64 delivered);

    /// @notice Bonds forfeited in the auction, shared or not.
    function forfeitOf(uint256 id) external view returns (uint256 amount);

    /// @notice What the home may claim of them (0 for a party, or when it has claimed).
    function shareOf(uint256 id, address home) external view returns (uint256 amount);

    /// @notice Digests of the two seals.
    function bidSeal(uint256 id, address bidder, uint128 value, bytes32 salt) external view returns (bytes32);

    function maxPriceSeal(uint256 id, address buyer, uint128 value, bytes32 salt)
        external
        view
        returns (bytes32);
}
