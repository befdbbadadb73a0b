use super::Context;
use crate::boundary::{Abort, Binder, Source};
use crate::manifest::RandomGrant;
use crate::surroundings;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use sha2::{Digest, Sha256};

/// More random bytes than this in one call are refused before they are made; the limit of a message
/// is never larger.
const MAX_BYTES: u64 = 16 << 20;

pub fn bind(binder: &mut Binder<'_>, interface: &str, grant: &RandomGrant) -> wasmtime::Result<()> {
    let seed = grant.seed;
    match interface {
        "random" => {
            binder.function(
                "get-random-bytes",
                Source::World,
                move |context, (len,): (u64,)| bytes(context, seed, len),
            )?;
            binder.function("get-random-u64", Source::World, move |context, ()| {
                Ok((generator(context, seed).next_u64(),))
            })
        }
        "insecure" => {
            let name = "get-insecure-random-bytes";
            binder.function(name, Source::World, move |context, (len,): (u64,)| {
                bytes(context, seed, len)
            })?;
            binder.function("get-insecure-random-u64", Source::World, move |context, ()| {
                Ok((generator(context, seed).next_u64(),))
            })
        }
        _ => binder.function("insecure-seed", Source::World, move |context, ()| {
            let mut generator = generator(context, seed);
            Ok(((generator.next_u64(), generator.next_u64()),))
        }),
    }
}

fn bytes(context: &mut Context, seed: Option<u64>, len: u64) -> Result<(Vec<u8>,), Abort> {
    if len > MAX_BYTES {
        return Err(Abort::Size(format!("it asked for {len} random bytes at once")));
    }
    // Checked just above to be small.
    let mut bytes = vec![0; len as usize];
    generator(context, seed).fill_bytes(&mut bytes);
    Ok((bytes,))
}

/// The source of the next answer. With a seed it follows from the actor, the turn and the number of
/// the answer, so that answers do not depend on what other actors do.
fn generator(context: &mut Context, seed: Option<u64>) -> StdRng {
    context.drawn += 1;
    let Some(seed) = seed else { return StdRng::from_seed(surroundings::random()) };
    let hash = Sha256::new()
        .chain_update(seed.to_le_bytes())
        .chain_update(context.id.0.to_le_bytes())
        .chain_update(context.turn.to_le_bytes())
        .chain_update(context.drawn.to_le_bytes())
        .finalize();
    StdRng::from_seed(hash.into())
}
