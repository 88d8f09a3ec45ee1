//go:build !notransactions

package txn

// transactional is false in a build that is there to be compared with: see off.go.
const transactional = true
