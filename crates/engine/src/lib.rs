//! Photo in, photo out: decode within limits, run models over tiles, check, encode, save.
//!
//! Deliberately not here: windows, network, databases, clocks, settings. ONNX Runtime is spoken to by `runtime` only.
