/// The contract's WIT texts: path below `wit/`, and text.
pub static WIT: &[(&str, &str)] = &[
    ("theater-actor/call-error.wit", include_str!("../../../wit/theater-actor/call-error.wit")),
    ("theater-actor/inbox.wit", include_str!("../../../wit/theater-actor/inbox.wit")),
    ("theater-actor/lifecycle.wit", include_str!("../../../wit/theater-actor/lifecycle.wit")),
    (
        "theater-actor/monitor-callback.wit",
        include_str!("../../../wit/theater-actor/monitor-callback.wit"),
    ),
    (
        "theater-actor/supervisor-callback.wit",
        include_str!("../../../wit/theater-actor/supervisor-callback.wit"),
    ),
    (
        "theater-actor/timer-callback.wit",
        include_str!("../../../wit/theater-actor/timer-callback.wit"),
    ),
    ("theater-actor/upgrade.wit", include_str!("../../../wit/theater-actor/upgrade.wit")),
    ("theater-host/context.wit", include_str!("../../../wit/theater-host/context.wit")),
    ("theater-host/log.wit", include_str!("../../../wit/theater-host/log.wit")),
    ("theater-host/messenger.wit", include_str!("../../../wit/theater-host/messenger.wit")),
    ("theater-host/monitor.wit", include_str!("../../../wit/theater-host/monitor.wit")),
    ("theater-host/state.wit", include_str!("../../../wit/theater-host/state.wit")),
    ("theater-host/supervisor.wit", include_str!("../../../wit/theater-host/supervisor.wit")),
    ("theater-host/timer.wit", include_str!("../../../wit/theater-host/timer.wit")),
    ("wasi-cli/cli.wit", include_str!("../../../wit/wasi-cli/cli.wit")),
    ("wasi-clocks/clocks.wit", include_str!("../../../wit/wasi-clocks/clocks.wit")),
    ("wasi-filesystem/filesystem.wit", include_str!("../../../wit/wasi-filesystem/filesystem.wit")),
    ("wasi-io/io.wit", include_str!("../../../wit/wasi-io/io.wit")),
    ("wasi-random/random.wit", include_str!("../../../wit/wasi-random/random.wit")),
];
