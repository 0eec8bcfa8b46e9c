//! Grows a buffer that is wiped, without leaving copies of its bytes in memory.

use zeroize::Zeroizing;

/// Appends `parts`. A buffer that is too small is replaced by a larger one and wiped. A plain `Vec` would be moved by
/// the allocator, which leaves the old bytes in memory.
pub(super) fn append(buffer: &mut Zeroizing<Vec<u8>>, parts: &[&[u8]]) {
    let length = buffer.len() + parts.iter().map(|part| part.len()).sum::<usize>();
    if length > buffer.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(length.max(buffer.capacity() * 2)));
        larger.extend_from_slice(buffer);
        *buffer = larger;
    }
    for part in parts {
        buffer.extend_from_slice(part);
    }
}
