//! The shop of the template: its components, how it is called, and what holds of it whatever happens.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use theater_runtime::cache::Cache;
use theater_runtime::call::{parse_arguments, to_wave};
use theater_runtime::diagnostic::{Diagnostic, Source};
use theater_runtime::manifest::BareGrants;
use theater_runtime::node::{Beginning, Node, Start, Which};
use theater_runtime::replay::{ActorHistory, History};
use theater_runtime::simulation::{Faults, Simulation};
use theater_runtime::trace::{Durability, RunDir, verify};
use theater_runtime::world::Wit;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

const AUDIT: &str = include_str!("../../../templates/app/wat/audit/src/audit.wat");
const INVENTORY: &str = include_str!("../../../templates/app/wat/inventory/src/inventory.wat");
const ORDERS: &str = include_str!("../../../templates/app/wat/orders/src/orders.wat");

/// A component of the template, as `theater build` makes it.
fn component(world: &str, wat: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let wit = Wit::load(dir.path()).unwrap();
    let mut module = wat::parse_str(wat).unwrap();
    let world = wit.world(world).unwrap();
    let encoding = StringEncoding::UTF8;
    embed_component_metadata(&mut module, &wit.resolve, world, encoding, false).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

/// The file of a contract in the template.
macro_rules! wit {
    ($path:literal) => {
        include_str!(concat!("../../../templates/app/shared/", $path))
    };
}

/// The components of audit, inventory and orders.
static COMPONENTS: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    let stock = wit!("inventory/wit/stock.wit");
    let audit =
        [("book.wit", wit!("audit/wit/book.wit")), ("world.wit", wit!("audit/wit/world.wit"))];
    let inventory = [("stock.wit", stock), ("world.wit", wit!("inventory/wit/world.wit"))];
    let orders = [
        ("checkout.wit", wit!("orders/wit/checkout.wit")),
        ("world.wit", wit!("orders/wit/world.wit")),
        ("deps/shop-inventory/stock.wit", stock),
    ];
    [
        component("audit", AUDIT, &audit),
        component("inventory", INVENTORY, &inventory),
        component("orders", ORDERS, &orders),
    ]
});

pub fn project(folder: &Path, name: &str, manifest: &str, bytes: Option<&[u8]>) {
    fs::create_dir_all(folder).unwrap();
    let component = bytes.map_or("", |_| "component = \"it.wasm\"\n");
    let text = format!("[actor]\nname = \"{name}\"\n{component}{manifest}");
    fs::write(folder.join("theater.toml"), text).unwrap();
    if let Some(bytes) = bytes {
        fs::write(folder.join("it.wasm"), bytes).unwrap();
    }
}

pub fn write_shop(folder: &Path) {
    let [audit, inventory, orders] = &*COMPONENTS;
    let grants = "[handlers]\nstate = true\nmessenger = { to = [\"audit\"] }\n";
    // Mailboxes are small, so that they are full now and then.
    let limits = "[limits]\nmailbox = 2\n";
    let children = "[supervisor]\nintensity = 20\nperiod = \"10s\"\n\
        [[children]]\nname = \"audit\"\nmanifest = \"audit\"\n\
        [[children]]\nname = \"inventory\"\nmanifest = \"inventory\"\n\
        init = '[(\"A-1\", 30), (\"B-2\", 5)]'\n\
        [[children]]\nname = \"orders\"\nmanifest = \"orders\"\n";
    project(folder, "shop", &format!("{grants}{children}"), None);
    let state = format!("[handlers]\nstate = true\n{limits}");
    project(&folder.join("audit"), "audit", &state, Some(audit));
    project(&folder.join("inventory"), "inventory", &state, Some(inventory));
    let links = "[links]\n\"shop:inventory/stock\" = \"inventory\"\n";
    project(&folder.join("orders"), "orders", &format!("{grants}{limits}{links}"), Some(orders));
}

/// The answers that came, by the number of their order.
pub type Receipts = Arc<Mutex<BTreeMap<u64, u64>>>;

pub async fn call(
    node: &Node,
    actor: &str,
    function: &str,
    arguments: &str,
) -> Option<(u64, String)> {
    let target = node.actor(actor)?;
    let found = target.program.functions.iter().find(|f| f.name == function).unwrap();
    let source = Source::new("test", arguments);
    let values = parse_arguments(&source, 0..source.text.len(), &found.params).unwrap();
    let reply = node.call(actor, &found.full_name, values, None).await.ok()?;
    Some((reply.turn, reply.values.iter().map(to_wave).collect()))
}

pub async fn number(node: &Node, actor: &str, function: &str) -> u64 {
    call(node, actor, function, "").await.unwrap().1.parse().unwrap()
}

pub async fn open(
    folder: PathBuf,
    which: Which,
    durability: Option<Durability>,
) -> Result<Node, Vec<Diagnostic>> {
    let data = folder.join(".theater");
    let (start, grants) = (Start::Project(folder), BareGrants::default());
    let cache = Cache::none();
    let beginning = Beginning { start, data, which, durability, grants, cache };
    let mut begun = beginning.open().await?;
    if !begun.problems.is_empty() {
        return Err(begun.problems);
    }
    begun.spawn(None, "simulated").await?;
    Ok(begun.node.clone())
}

/// Units that were taken out of the stock for orders that aborted: a call over a link is not undone.
fn forsaken(history: &History) -> u64 {
    let actor = |name: &str| -> &ActorHistory { history.actor(name).unwrap() };
    let orders = actor("shop/orders");
    let mut units = BTreeMap::new();
    for turn in &actor("shop/inventory").turns {
        let change = match turn.header.function.rsplit_once('#').map(|(_, name)| name) {
            Some("reserve") => 1,
            Some("release") => -1,
            _ => continue,
        };
        let changed = turn.before != turn.after;
        if let (true, Some(step)) =
            (changed && turn.header.outcome.commits(), turn.header.cause.step())
        {
            *units.entry(step.turn).or_insert(0_i64) += change;
        }
    }
    let committed = |number: u64| {
        orders.turns.iter().any(|t| t.header.turn == number && t.header.outcome.commits())
    };
    let left: i64 =
        units.iter().filter(|(turn, _)| !committed(**turn)).map(|(_, units)| units).sum();
    u64::try_from(left).unwrap()
}

/// What holds of a shop that has died in any way: the chain is valid, units are conserved, messages were
/// processed once, and no answer that came is lost.
pub fn check(simulation: &Simulation, folder: &Path, receipts: &Receipts) {
    let sums = simulation.run(Faults::default(), {
        let folder = folder.to_owned();
        async move {
            let node = open(folder, Which::Last, None).await.unwrap();
            let (orders, stock, audit) = ("shop/orders", "shop/inventory", "shop/audit");
            // What was sent has been heard when nothing waits any more.
            while node.waiting(audit) > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let sums = [
                number(&node, orders, "placed").await,
                number(&node, orders, "sold").await,
                number(&node, stock, "in-stock").await,
                number(&node, stock, "delivered").await,
                number(&node, audit, "orders").await,
                number(&node, audit, "units").await,
                number(&node, audit, "repeated").await,
            ];
            node.shutdown().await.unwrap();
            sums
        }
    });
    let [placed, sold, in_stock, delivered, heard, units, repeated] = sums.unwrap();
    let run = RunDir::latest(&folder.join(".theater")).unwrap();
    assert_eq!(verify(&run).findings, Vec::<String>::new());
    let history = History::load(&run).unwrap();
    let audit = history.actor("shop/audit").unwrap();
    // A turn that is killed is not tried again.
    let aborted = audit.turns.iter().filter(|turn| !turn.header.outcome.commits()).count() as u64;
    assert_eq!(in_stock + sold + forsaken(&history), delivered, "units are conserved");
    assert_eq!((sold, heard + aborted, units + aborted, repeated), (placed, placed, placed, 0));
    let orders = &history.actor("shop/orders").unwrap().turns;
    for (order, number) in receipts.lock().unwrap().iter() {
        let turn = orders.iter().find(|turn| turn.header.turn == *number);
        let commits = turn.is_some_and(|turn| turn.header.outcome.commits());
        assert!(commits && *order <= placed, "the answer to order {order} is lost");
    }
}
