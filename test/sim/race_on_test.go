//go:build race

package sim

// raced says that the race detector is on: it schedules by dice of its own, so that no run is like another.
const raced = true
