// Mutants shows that the tests can fail: it breaks the river on purpose, in one small way after another, and asks that
// the test named for each notices.
//
// A mutant is a file in set/: what it is, which promise it breaks, which test must catch it, with what words, and the
// lines of code that it replaces.
//
//	promise: once
//	test: ./test/sim TestAnAnswerIsLost/Produce
//	expect: broke complete
//	why: the offsets are committed although nobody knows whether the data arrived
//	--- pkg/kafka/txn/react.go
//		if a.Silent {
//	+++
//		if a.Silent && s != Produce {
//	===
//
// test is a package, a pattern for -run, and more flags if it needs any. expect may be missing where no text
// of the failure names the promise; timeout (20s) is for a mutant that hangs its test. The old lines must occur exactly
// once, so that a mutant never outlives the code that it was written for in silence. The tree is not touched: the
// mutated file reaches the compiler as an overlay.
//
// First each test must pass on the code as it is. A mutant that survives, that is caught with other words than expected,
// that does not compile, or whose lines are not found, is an error: then the tests have a hole, or the mutant has aged.
//
//	go run ./test/mutants            all of them
//	go run ./test/mutants -list      what there is
//	go run ./test/mutants -only lock names that match a regular expression
//	go run ./test/mutants -part 2/4  every fourth, from the second on
package main
