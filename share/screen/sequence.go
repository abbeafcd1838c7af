package screen

// inString handles printable ASCII in a string.
func (ps *parser) inString(run []byte, h handler) int {
	switch ps.state {
	case command:
		ps.put(run...)
	case deviceData:
		h.deviceData(run)
	default:
	}
	return len(run)
}

// sequence handles a byte of ASCII outside of the ground state.
func (ps *parser) sequence(b []byte, h handler) {
	c := b[0]
	switch c {
	case 0x18, 0x1a: // CAN, SUB
		string := ps.state == command || ps.state == deviceData
		ps.end(false, h)
		ps.state = ground
		if !string {
			h.execute(c)
		}
		return
	case 0x1b:
		ps.end(true, h)
		ps.begin(escape)
		return
	}
	switch ps.state {
	case escape, escapeMore, control:
		if c < 0x20 {
			h.execute(c)
			return
		}
		if c == 0x7f {
			return
		}
		if ps.state == control {
			ps.inControl(c, h)
		} else {
			ps.inEscape(c, h)
		}
	case command:
		switch {
		case c == 0x07:
			ps.end(true, h)
			ps.state = ground
		case c >= 0x20:
			ps.put(c)
		}
	case device:
		ps.inDevice(c, h)
	case deviceData:
		h.deviceData(b)
	case ground, ignored, deviceSkip:
	}
}

func (ps *parser) inEscape(c byte, h handler) {
	if c < 0x30 {
		ps.state = escapeMore
		ps.put(c)
		return
	}
	if ps.state == escape {
		switch c {
		case '[':
			ps.begin(control)
			return
		case ']':
			ps.begin(command)
			return
		case 'P':
			ps.begin(device)
			return
		case 'X', '^', '_':
			ps.begin(ignored)
			return
		}
	}
	ps.state = ground
	if !ps.over {
		h.escape(ps.body, c)
	}
}

func (ps *parser) inControl(c byte, h handler) {
	if c < 0x40 {
		ps.put(c)
		return
	}
	ps.state = ground
	if !ps.over {
		h.control(ps.body, c)
	}
}

func (ps *parser) inDevice(c byte, h handler) {
	switch {
	case c < 0x20 || c == 0x7f:
	case c < 0x40:
		ps.put(c)
		if ps.over || malformed(ps.body) {
			ps.begin(deviceSkip)
		}
	default:
		ps.state = deviceData
		h.deviceStart(ps.body, c)
	}
}
