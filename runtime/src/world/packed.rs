//! What a component says about itself in a form that is quicker to read than the component.

use super::ComponentInfo;
use super::docs::Docs;
use wit_component::DecodedWasm;

impl ComponentInfo {
    /// The component's world as an encoded WIT package, behind its length, and the section with the
    /// appended WIT. Nothing if that would not say the same as the component.
    pub(super) fn pack(&self, component: &[u8]) -> Vec<u8> {
        let packed = self.encode(Docs::section(component)).unwrap_or_default();
        let same = |other: Self| other.imports == self.imports && other.exports == self.exports;
        if Self::unpack(&packed).is_some_and(same) { packed } else { Vec::new() }
    }

    fn encode(&self, docs: Option<&[u8]>) -> Option<Vec<u8>> {
        let package = self.resolve.worlds[self.world].package?;
        let wit = wit_component::encode(&self.resolve, package, false).ok()?;
        let mut packed = u32::try_from(wit.len()).ok()?.to_le_bytes().to_vec();
        packed.extend(wit);
        packed.extend(docs.unwrap_or_default());
        Some(packed)
    }

    /// Reads what [`ComponentInfo::pack`] gave; none if it gave nothing.
    pub(super) fn unpack(packed: &[u8]) -> Option<Self> {
        let (length, rest) = packed.split_first_chunk()?;
        let (wit, docs) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let DecodedWasm::WitPackage(resolve, package) = wit_component::decode(wit).ok()? else {
            return None;
        };
        // A component has one world.
        let world = *resolve.packages[package].worlds.values().next()?;
        Some(Self::new(resolve, world, &Docs::read((!docs.is_empty()).then_some(docs))))
    }
}
