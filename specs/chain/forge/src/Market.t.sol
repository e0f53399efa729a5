// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Cheats.sol";
import {Game} from "./Game.sol";
import {Table} from "./Table.sol";

/// @title Games of several hundred random moves; what they reached is written down for the spec to judge.
abstract contract MarketGame {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    uint256 private constant ACTIONS = 25;
    string[ACTIONS] private _actions = [
        "offer",
        "bid",
        "cancel",
        "show",
        "reveal",
        "decide",
        "award",
        "forfeit",
        "refund",
        "claim",
        "confirm",
        "accepted",
        "delivered whole",
        "delivered in part",
        "delivered nothing",
        "meter",
        "state",
        "challenge of the buyer",
        "challenge of the seller",
        "open",
        "withdraw",
        "freeze",
        "pause",
        "divide",
        "buy"
    ];
    Table private _table;

    function _strict() internal pure virtual returns (bool);

    function setUp() external {
        _table = new Table(_strict());
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_table);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[12] memory moves = [
            Game.offer.selector,
            Game.bid.selector,
            Game.goOn.selector,
            Game.goOnWithOne.selector,
            Game.showOrCancel.selector,
            Game.reveal.selector,
            Game.decideOrConfirm.selector,
            Game.refundOrClaim.selector,
            Game.judge.selector,
            Game.wait.selector,
            Game.credits.selector,
            Game.exchange.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_table), new bytes4[](13));
        for (uint256 i; i < 12; ++i) targets[0].selectors[i] = moves[i];
        targets[0].selectors[12] = Game.govern.selector;
    }

    function invariant_allIsAccountedFor() external {
        _table.check();
    }

    function afterInvariant() external {
        _table.windUp();
        string memory line = string.concat("tries=", vm.toString(_table.tries()));
        line = string.concat(line, ",refusals=", vm.toString(_table.refusals()));
        for (uint256 i; i < ACTIONS; ++i) {
            string memory action = _actions[i];
            line = string.concat(line, ",", action, "=", vm.toString(_table.done(action)));
        }
        vm.writeLine(vm.envOr("GAMES", string("games.csv")), line);
    }
}

contract LenientMarket is MarketGame {
    function _strict() internal pure override returns (bool) {
        return false;
    }
}

contract StrictMarket is MarketGame {
    function _strict() internal pure override returns (bool) {
        return true;
    }
}
