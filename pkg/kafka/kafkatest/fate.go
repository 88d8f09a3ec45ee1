package kafkatest

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// send brings one request to the broker, or lets a rule do otherwise; false when nothing more can be sent.
func (l *link) send(p parcel) bool {
	if l.isDeaf() {
		return true
	}
	req, err := parseRequest(p.frame)
	if err != nil {
		l.h.c.t.Errorf("host %s to broker %s: %v", l.h.name, l.broker, err)
		l.sever()
		return false
	}
	req.Broker = l.broker
	l.h.leaving(&req)
	if l.severed() {
		l.trace(req, "not sent: the host was cut off")
		return false
	}
	armed, act := l.h.action(req)
	x := &exchange{req: req, act: act, back: p.back}
	if act.verb != pass {
		l.trace(req, "rule: %s", act)
	}
	switch act.verb {
	case dropRequest:
		l.lose(act.how, true)
		return act.how == Silent
	case delayRequest:
		if !l.wait(time.Now().Add(act.delay)) {
			return false
		}
	case holdRequest:
		return l.hold(armed, x)
	case duplicate:
		l.copyFirst(req)
		if l.severed() {
			return false
		}
	case answerCode:
		return l.refuse(x)
	}
	return l.forward(x)
}

// forward gives the broker a request and expects its answer.
func (l *link) forward(x *exchange) bool {
	x.at = time.Now()
	if !unanswered(x.req) {
		l.mu.Lock()
		l.pending = append(l.pending, x)
		l.mu.Unlock()
	}
	if x.req.Key == kmsg.SyncGroup {
		x.answered = make(chan struct{})
		l.h.c.wg.Go(func() { l.vouch(x) })
	}
	if _, err := l.server.Write(x.req.frame); err != nil {
		l.trace(x.req, "not sent: the broker has closed")
		l.sever()
		return false
	}
	return true
}

// hold keeps the link's upward stream at this request until it is released, whether or not the process still lives.
func (l *link) hold(armed *Armed, x *exchange) bool {
	x.held = newHeld(x.req, l.h.c.ctx.Done())
	select {
	case armed.held <- x.held:
	case <-l.h.c.ctx.Done():
		return false
	}
	select {
	case <-x.held.free:
	case <-l.h.c.ctx.Done():
		return false
	}
	if x.held.dropped {
		l.trace(x.req, "dropped after being held")
		l.sever()
		return false
	}
	l.trace(x.req, "released")
	return l.forward(x) && !l.severed()
}

// copyFirst has the broker handle a copy on a connection of its own.
func (l *link) copyFirst(req Request) {
	ctx := l.h.c.ctx
	conn, err := l.h.c.connect(ctx, "tcp", l.broker)
	if err != nil {
		l.trace(req, "no copy: %v", err)
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := conn.Write(req.frame); err != nil {
		l.trace(req, "no copy: the broker has closed")
		return
	}
	frame, err := readFrame(conn)
	if err != nil {
		l.trace(req, "copy sent, not answered")
		return
	}
	l.trace(req, "copy answered%s", codes(Answer{Request: req, frame: frame}))
}

// refuse answers in the broker's place, after whatever else is still to be answered on this connection.
func (l *link) refuse(x *exchange) bool {
	frame, err := refusal(x.req, x.act.code)
	if err != nil {
		l.h.c.t.Errorf("rule %q of host %s: %v", x.act, l.h.name, err)
		l.sever()
		return false
	}
	l.drain()
	l.deliver(frame, l.h.due(x.back))
	return true
}

// deliver sends an answer down, unless an earlier one was lost.
func (l *link) deliver(frame []byte, due time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.mute {
		l.down.put(parcel{frame: frame, due: due})
	}
}

// answered takes one answer from the broker: hooks first, for the effect is done; then the rule's will.
func (l *link) answered(frame []byte) {
	x := l.match(frame)
	if x == nil {
		return
	}
	if x.answered != nil {
		close(x.answered)
	}
	a := Answer{Request: x.req, frame: frame}
	if l.h.c.trace.on {
		l.trace(x.req, "answered after %s%s", time.Since(x.at), codes(a))
		l.h.c.trace.count(l.h.name, a)
	}
	l.h.answered(a)
	if x.held != nil {
		x.held.answered <- a
	}
	due := l.h.due(x.back)
	frame, err := orderly(a)
	if err != nil {
		l.h.c.t.Errorf("host %s: %v", l.h.name, err)
		l.sever()
	}
	switch x.act.verb {
	case loseAnswer:
		l.lose(x.act.how, false)
	case delayAnswer:
		due = due.Add(x.act.delay)
	case answerDone:
		if frame, err = refusal(x.req, x.act.code); err != nil {
			l.h.c.t.Errorf("rule %q of host %s: %v", x.act, l.h.name, err)
			l.sever()
		}
	}
	l.deliver(frame, due)
	// Only now, so that a refusal that waits for the connection to be idle comes behind this answer.
	l.mu.Lock()
	l.pending = l.pending[1:]
	l.notify()
	l.mu.Unlock()
}

// match finds the request that an answer belongs to: the oldest, for a broker answers in order.
func (l *link) match(frame []byte) *exchange {
	id, ok := corr(frame)
	l.mu.Lock()
	defer l.mu.Unlock()
	if ok && len(l.pending) > 0 && l.pending[0].req.Corr == id {
		return l.pending[0]
	}
	l.h.c.t.Errorf("host %s: broker %s answered what nobody asked", l.h.name, l.broker)
	return nil
}

// lose ends a direction's stream, for a stream with a hole has no continuation.
func (l *link) lose(how How, request bool) {
	l.mu.Lock()
	if request {
		l.deaf = true
	} else {
		l.mute = true
	}
	l.mu.Unlock()
	if how == Break {
		l.sever()
	}
}

func (l *link) isDeaf() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deaf
}

func (l *link) trace(r Request, format string, args ...any) {
	l.h.c.trace.add(l.h.name, r.String()+" > "+l.broker, format, args...)
}
