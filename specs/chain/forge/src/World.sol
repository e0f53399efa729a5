// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {CommitmentMonitoring} from "@contracts/CommitmentMonitoring.sol";
import {ITradingEnabler} from "@contracts/interfaces/ITradingEnabler.sol";
import {ISmartCommunityToken} from "@contracts/interfaces/ISmartCommunityToken.sol";
import {Openings} from "@contracts/libraries/Openings.sol";
import {Quota} from "@contracts/Quota.sol";
import {SmartCommunityToken} from "@contracts/SmartCommunityToken.sol";
import {TradingEnabler} from "@contracts/TradingEnabler.sol";
import {vm} from "./Cheats.sol";
import {Commitments} from "./Commitments.sol";

/// @title A community of six homes with the real contracts, managed by this contract.
abstract contract World {
    uint64 internal constant SAMPLE_MS = 2000;
    uint64 internal constant SLOTS = 150;
    uint64 internal constant PERIOD_S = SAMPLE_MS * SLOTS / 1000;
    uint64 internal constant WINDOW_BLOCKS = 10;
    uint32 internal constant DECISION_S = 150;
    uint16 internal constant SECURITY_BPS = 2000;
    uint256 internal constant HOMES = 6;
    uint256 internal constant START = 6_000_000 * uint256(PERIOD_S);
    uint256 internal constant CREDIT = 2000e6;
    uint256 internal constant PURSE = 500e6;
    uint256 private constant FEED = 0xfeed;
    uint256 private constant COMMUNITY = 0xc0;
    bytes32 private constant DOMAIN_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    AccessManager internal authority;
    CommitmentMonitoring internal monitoring;
    SmartCommunityToken internal token;
    Quota internal quota;
    TradingEnabler internal trading;
    address[HOMES] internal homes;
    address internal recipient;

    /// @dev Forge's own clock begins anew with each call, so it is kept here.
    uint256 internal clock = START;
    uint256 internal height = 1000;

    constructor(bool strict) {
        _pass(0, 0);
        authority = new AccessManager(address(this));
        _publishToken();
        monitoring = new CommitmentMonitoring(address(authority), token, SAMPLE_MS, SLOTS, 1000);
        address market = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        quota = new Quota(address(authority), monitoring, market, WINDOW_BLOCKS);
        ITradingEnabler.Settings memory settings =
            ITradingEnabler.Settings(1, SECURITY_BPS, strict, DECISION_S);
        trading = new TradingEnabler(address(authority), token, quota, settings);
        trading.setCeiling(1, 2_000_000);
        trading.setCeiling(2, 1_000_000);
        trading.setCeiling(3, 40_000_000);
        _found();
    }

    receive() external payable {}

    function _pass(uint256 seconds_, uint256 blocks) internal {
        clock += seconds_;
        height += blocks;
        vm.warp(clock);
        vm.roll(height);
    }

    /// @dev The time of this world, whatever forge thinks it is.
    modifier inTime() {
        _pass(0, 0);
        _;
    }

    function _period() internal view returns (uint64) {
        return uint64(clock / PERIOD_S);
    }

    function _postPrice(uint64 microEuro) internal {
        bytes32 content = keccak256(
            abi.encode(
                keccak256("MarketPrice(uint8 resource,uint64 microEuro,uint64 validFrom,uint64 validUntil)"),
                uint8(1),
                microEuro,
                uint64(clock),
                uint64(clock + 3600)
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(FEED, _typed("Smart Community Token", address(token), content));
        bytes memory signature = abi.encodePacked(r, s, v);
        token.postMarketPrice(1, microEuro, uint64(clock), uint64(clock + 3600), signature);
    }

    function _publishToken() private {
        ISmartCommunityToken.Settings memory settings =
            ISmartCommunityToken.Settings(1e12, 86_400, 1_000_000, 20_000, 300, 100_000, 1e16, 0);
        token = new SmartCommunityToken(
            address(authority),
            address(this),
            vm.addr(FEED),
            1_000_000e6,
            "Smart Community Token",
            "SCT",
            settings
        );
        vm.deal(address(this), 1e30);
        _postPrice(150_000);
        token.setSCTPrice(0.15e18, 0.15e18);
    }

    function _found() private {
        monitoring.setCommunity(vm.addr(COMMUNITY));
        Openings.Point memory key = Commitments.commit(Openings.IMPORT, 0, 7);
        monitoring.announceKeys(1, Commitments.compress(key), Commitments.compress(key));
        recipient = Openings.keyId(key);
        for (uint256 i; i < HOMES; ++i) {
            homes[i] = address(uint160(0xA000 + i));
            monitoring.admit(homes[i], bytes32(i + 1));
            _publishKey(i);
            _fund(homes[i]);
        }
        _divide(0);
    }

    function _publishKey(uint256 index) internal {
        address home = homes[index];
        Openings.Point memory key = Commitments.commit(Openings.IMPORT, 0, 100 + index);
        bytes32 content = keccak256(
            abi.encode(
                keccak256("OpKey(address sg,uint32 epoch,uint64 dlgId,bytes32 x,uint8 parity)"),
                home,
                uint32(1),
                uint64(0),
                key.x,
                uint8(key.y & 1)
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(COMMUNITY, _typed("Meterhood", address(monitoring), content));
        vm.prank(home);
        monitoring.publishKey(
            1, 0, Commitments.compress(key), abi.encodePacked(r, s, v), new bytes(64)
        );
    }

    function _fund(address home) private {
        vm.deal(home, 1000e18);
        token.createToken{value: 400e18}(CREDIT + PURSE, home);
        vm.prank(home);
        token.approve(address(trading), type(uint256).max);
        vm.prank(home);
        trading.deposit(CREDIT);
    }

    /// @dev Divides a contract from the first period on that is still free; parts differ by home and turn.
    function _divide(uint64 turn) internal {
        uint64 from = quota.earliestPeriod();
        address[] memory all = new address[](HOMES);
        uint64[][3] memory parts = [new uint64[](HOMES), new uint64[](HOMES), new uint64[](HOMES)];
        uint64[3] memory sums;
        for (uint64 i; i < HOMES; ++i) {
            all[i] = homes[i];
            for (uint64 k; k < 3; ++k) {
                parts[k][i] = 6000 + 1000 * ((i + turn + k) % 6) + 7 * turn;
                sums[k] += parts[k][i];
            }
        }
        uint64 revision = quota.setCommunityContract(from, sums[0], sums[1], sums[2]);
        quota.allocate(revision, all, parts[0], parts[1], parts[2]);
        quota.closeAllocation(revision);
    }

    function _typed(string memory name, address verifier, bytes32 content) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPE, keccak256(bytes(name)), keccak256("1"), block.chainid, verifier)
        );
        return keccak256(abi.encodePacked("\x19\x01", domain, content));
    }
}
