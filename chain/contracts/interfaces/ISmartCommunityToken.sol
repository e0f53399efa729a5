// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketPrices} from "./IMarketPrices.sol";

/// @title The Smart Community Token (SCT): the paper's figure 4.
/// @notice An ERC-20 token with permit, of 6 decimals: all token amounts here are in micro-SCT. The chain's
/// native currency C is counted in wei. Prices of the token are wei of C for one whole SCT.
///
/// One SCT is worth what one kWh costs on the common market. Its price in C, the paper's Z_T, is
/// `tokenPrice`: it follows the market price of energy times `weiPerMicroEuro` by bounded steps, so that C
/// itself has no say in it. `buyPrice` lies at or above it and `sellPrice` at or below it.
///
/// Where figure 4 is: *publish* is the constructor (event Published); *transferT* is ERC-20 `transfer` and
/// `transferFrom` with the event Transfer; *transferC* is the currency that `sell` and a restock send, with
/// the events Sold and Restocked; *restock* and *getBlockReward* are internal, as in the paper; all others
/// have the paper's names.
///
/// The contract holds the tokens that nobody has bought yet: its reserve, `balanceOf(address(this))`. All
/// others are in circulation. **Solvency**: the contract's C is never less than what buying back every token
/// in circulation at `sellPrice` costs. Buying and selling keep this by arithmetic (all rounding is against
/// the caller); `setSCTPrice` and `createToken` revert with Insolvent when it would not hold. No role can
/// take C out.
///
/// Who may call: the owner (one account; the paper's SCM_owner) creates tokens, freezes accounts and hands
/// the token over; managers (role 1 of the AccessManager; the paper's set of SCMs) set prices and limits and
/// pause; oracles (role 3) post market prices; anybody else buys, sells and transfers.
interface ISmartCommunityToken is IMarketPrices {
    /// @notice What the token is made with; none of it but `minBalance` can be changed afterwards.
    /// @param weiPerMicroEuro What one micro-euro is worth in C, 1 to 1e18; 1e12 makes one C (1e18 wei) one
    /// euro.
    /// @param maxPriceAgeS Seconds that a price may be used after its interval has ended, up to 31 days.
    /// Then nobody can buy until a newer one is posted; selling goes on.
    /// @param marketStepPpm Largest step of a market price, in millionths of the last one, 1 to 10,000,000.
    /// @param tokenStepPpm Largest step of Z_T, in millionths of the last one, 1 to 1,000,000.
    /// @param leastStepS Seconds between two steps of a market price, and between two steps of Z_T, 1 to a
    /// day.
    /// @param maxSpreadPpm How far `buyPrice` may lie above `sellPrice`, in millionths of `sellPrice`, up to
    /// 1,000,000.
    /// @param minBalance Wei of C below which a buyer's account is topped up from what it buys; 0: never.
    /// @param blockReward Micro-SCT that whoever makes the block gets with the first call in it: 0, off, under
    /// proof of authority.
    struct Settings {
        uint64 weiPerMicroEuro;
        uint32 maxPriceAgeS;
        uint32 marketStepPpm;
        uint32 tokenStepPpm;
        uint32 leastStepS;
        uint32 maxSpreadPpm;
        uint96 minBalance;
        uint96 blockReward;
    }

    error ZeroAddress(bytes32 name);
    error SettingOutOfRange(bytes32 name, uint256 given, uint256 least, uint256 most);
    error NotTheOwner(address caller, address owner);
    error NotTheNewOwner(address caller, address newOwner);
    error AlreadyTheOwner(address owner);
    /// @notice The account is frozen: it keeps its tokens but neither issues nor receives transfers.
    error AccountFrozen(address account);
    /// @notice A contract cannot be frozen: it holds what belongs to others.
    error NotAnAccount(address destination);
    error NoPriceYet();
    /// @notice `sellPrice` must be at least 1, at most Z_T, and `buyPrice` at least Z_T.
    error PricesNotAroundTokenPrice(uint256 buyPrice, uint256 sellPrice, uint256 tokenPrice);
    error SpreadTooWide(uint256 buyPrice, uint256 most);
    /// @notice Buying back all tokens in circulation would cost `needs` wei, the contract holds `has`.
    error Insolvent(uint256 has, uint256 needs);
    /// @notice The amount is too small to be worth one micro-SCT, or one wei.
    error AmountTooSmall(uint256 given);
    /// @notice The price moved: the caller would get less than it asked for.
    error LessThanAsked(uint256 gets, uint256 asked);
    /// @notice The contract's reserve is too small: the owner has to create tokens.
    error ReserveTooSmall(uint256 has, uint256 wanted);
    /// @notice At most 2^96 - 1 micro-SCT exist.
    error SupplyTooLarge(uint256 supply);

    event Published(address indexed owner, uint256 supply, string name, string symbol);
    event Bought(address indexed account, uint256 currencyAmount, uint256 tokenAmount);
    event Sold(address indexed account, uint256 tokenAmount, uint256 currencyAmount);
    /// @notice Of what the account bought, `tokenAmount` was turned into `currencyAmount` and sent to it.
    event Restocked(address indexed account, uint256 tokenAmount, uint256 currencyAmount);
    event SCTPriceSet(uint256 buyPrice, uint256 sellPrice, uint256 tokenPrice);
    event MinBalanceSet(uint256 minBalance);
    event TokenCreated(address indexed destination, uint256 tokenAmount);
    event FreezeSet(address indexed destination, bool freezeStatus);
    event OwnTransferStarted(address indexed owner, address indexed newOwner);
    /// @notice The token has a new manager: the paper's *authorized*.
    event Authorized(address indexed oldOwner, address indexed newOwner);
    event Funded(address indexed from, uint256 currencyAmount);
    event BlockRewarded(address indexed miner, uint256 tokenAmount);

    // ---- Anybody

    /// @notice Buys tokens from the reserve for the C sent with the call: floor(C / buyPrice). When the
    /// caller had less than `minBalance` before it paid, at most a tenth of its tokens is turned back into C
    /// for it (restock). Reverts with LessThanAsked when the caller would get fewer than `minTokens` net.
    function buy(uint256 minTokens) external payable returns (uint256 tokenAmount);

    /// @notice Sells tokens back to the reserve for floor(tokens * sellPrice) of C, however old the price.
    /// Reverts with LessThanAsked when that is less than `minCurrency`.
    function sell(uint256 tokenAmount, uint256 minCurrency) external returns (uint256 currencyAmount);

    /// @notice Adds C to what the tokens are bought back with. It cannot be taken out.
    function fund() external payable;

    // ---- Manager

    /// @notice Sets what one SCT costs and what it brings. Z_T first takes its step towards the market price
    /// of energy, which must not be too old; then sellPrice <= Z_T <= buyPrice must hold.
    function setSCTPrice(uint96 buyPrice, uint96 sellPrice) external;

    function setMinBalance(uint96 minBalance) external;

    /// @notice Stops all transfers, buying and selling, until `unpause`.
    function pause() external;

    function unpause() external;

    // ---- Owner

    /// @notice Creates tokens for `destination` (this contract: for the reserve). C sent with the call backs
    /// them.
    function createToken(uint256 tokenAmount, address destination) external payable;

    /// @notice Freezes an account or lets it go.
    function freezeAccount(address destination, bool freezeStatus) external;

    /// @notice Offers the token to a new owner, who takes it with `acceptOwn`. Offering it to address zero
    /// takes the offer back.
    function transferOwn(address newOwner) external;

    function acceptOwn() external;

    // ---- What anybody reads

    function owner() external view returns (address);

    function newOwner() external view returns (address);

    function frozen(address account) external view returns (bool);

    function buyPrice() external view returns (uint96);

    function sellPrice() external view returns (uint96);

    /// @notice Z_T, in wei of C for one SCT; 0 before the first `setSCTPrice`.
    function tokenPrice() external view returns (uint256);

    /// @notice What Z_T would be if `setSCTPrice` were called now.
    function nextTokenPrice() external view returns (uint256);

    /// @notice Until when (unix seconds) tokens can be bought at the price that holds.
    function buyableUntil() external view returns (uint64);

    function minBalance() external view returns (uint96);

    /// @notice Tokens that are not in the reserve.
    function circulating() external view returns (uint256);

    /// @notice C that the contract holds, and C that buying back all tokens in circulation needs.
    function backing() external view returns (uint256 has, uint256 needs);

    function weiPerMicroEuro() external view returns (uint64);

    function tokenStepPpm() external view returns (uint32);

    function maxSpreadPpm() external view returns (uint32);

    function blockReward() external view returns (uint96);
}
