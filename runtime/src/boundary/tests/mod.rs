mod resources;
mod values;
