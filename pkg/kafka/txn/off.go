//go:build notransactions

package txn

// transactional is false in a build with the tag notransactions. Its commits are a plain OffsetCommit and plain batches, and
// a crash between them loses records. It shows what exactly once costs (make bench), and is good for nothing else: that is
// why it takes a build, and not a flag that somebody could set.
const transactional = false
