// Package txn carries one commit - offsets of a source topic, and the records that were made of what was read up to
// them - through Kafka's transaction protocol, so that either all of it becomes visible or nothing.
//
// [Machine] is the protocol itself: a pure state machine, answers in, requests out, that can be driven by a table, a
// model or a simulation. [Driver] performs what it asks for. DESIGN.md beside this file says why it is built so.
package txn
