// player/address.ts
var e = class {
	url;
	constructor(e, t, n) {
		if (this.url = new URL(e, t), this.url.protocol = this.url.protocol.replace(/^ws/, "http"), !/^https?:$/.test(this.url.protocol)) throw TypeError(`${e} is not an address of HTTP`);
		for (let [e, t] of Object.entries(n)) t !== null && this.url.searchParams.set(e, t);
	}
	socket() {
		let e = this.with("", { codec: "auto" });
		return e.protocol = e.protocol === "https:" ? "wss:" : "ws:", e;
	}
	still() {
		return this.with(".jpg", { max_age: "24h" });
	}
	multipart() {
		return this.with(".mjpeg", {});
	}
	with(e, t) {
		let n = new URL(this.url);
		n.pathname += e;
		for (let [e, r] of Object.entries(t)) n.searchParams.set(e, r);
		return n;
	}
}, t = "video/mp4; codecs=\"avc1.4d4028\"", n = "hvc1.1.6.L120.B0";
function r() {
	let e = (e) => l()?.isTypeSupported(e) ?? !1;
	return {
		mse: e(t),
		webcodecs: typeof VideoDecoder == "function",
		jpeg: typeof createImageBitmap == "function",
		h265: {
			mse: e(`video/mp4; codecs="${n}"`),
			webcodecs: i
		}
	};
}
var i = !1, a;
function o() {
	return a ??= Promise.race([c(), new Promise((e) => setTimeout(e, s))]);
}
var s = 1e3;
async function c() {
	if (typeof VideoDecoder == "function") try {
		let { supported: e } = await VideoDecoder.isConfigSupported({
			codec: n,
			optimizeForLatency: !0
		});
		i = e ?? !1;
	} catch {}
}
function l() {
	let e = globalThis.ManagedMediaSource;
	return globalThis.MediaSource ?? e;
}
function ee(e) {
	return e === "mse" || e === "webcodecs" || e === "jpeg" || e === "img";
}
var u = [
	{
		mode: "webcodecs",
		codec: "h265"
	},
	{
		mode: "mse",
		codec: "h265"
	},
	{
		mode: "webcodecs",
		codec: "h264"
	},
	{
		mode: "mse",
		codec: "h264"
	},
	{
		mode: "jpeg",
		codec: "jpeg"
	},
	{
		mode: "img",
		codec: null
	}
], te = class {
	wanted;
	has;
	failed = /* @__PURE__ */ new Set();
	constructor(e, t) {
		this.wanted = e, this.has = t;
	}
	modeFor(e) {
		return this.ways().find((t) => t.codec === e)?.mode;
	}
	offers(e, t) {
		return this.ways().some((n) => n.mode === e && n.codec === t);
	}
	codecs() {
		let e = this.ways().map(({ codec: e }) => e).filter((e) => e !== null);
		return [...new Set(e)];
	}
	fail(e, t) {
		for (let n of u) n.mode === e && n.codec === t && this.failed.add(n);
	}
	ways() {
		let e = this.has();
		return u.filter((t) => {
			let { mode: n, codec: r } = t;
			return this.wanted !== "auto" && n !== this.wanted ? !1 : r === "h265" ? !this.failed.has(t) && (n === "mse" || n === "webcodecs") && e.h265[n] : this.wanted !== "auto" || n === "img" || e[n] && !this.failed.has(t);
		});
	}
}, d = class {
	baseMs;
	capMs;
	random;
	failures = 0;
	constructor(e, t, n = Math.random) {
		this.baseMs = e, this.capMs = t, this.random = n;
	}
	next() {
		let e = Math.min(this.capMs, this.baseMs * 2 ** this.failures);
		return this.failures++, e * this.random();
	}
	get count() {
		return this.failures;
	}
	reset() {
		this.failures = 0;
	}
}, f = class extends Error {};
function p(e) {
	let t = _(e, ["moov", "trak"]), n = _(t, [
		"mdia",
		"minf",
		"stbl",
		"stsd"
	]).subarray(8), r = v(n, "hvc1"), i = r ?? _(n, ["avc1"], ["avc3"]), a = y(i, 78), o = _(i.subarray(78), [r ? "hvcC" : "avcC"]);
	if (o.length < (r ? 23 : 7) || o[0] !== 1) throw new f("a bad decoder configuration");
	return {
		config: o.slice(),
		codec: r ? ne(o) : "avc1." + [...o.subarray(1, 4)].map((e) => m(e).padStart(2, "0")).join(""),
		width: a.getUint16(24),
		height: a.getUint16(26),
		timescale: re(_(t, ["mdia", "mdhd"]))
	};
}
var m = (e) => e.toString(16);
function ne(e) {
	let t = e[1], n = [
		"",
		"A",
		"B",
		"C"
	][t >> 6], r = 0;
	for (let t = y(e, 6).getUint32(2), n = 0; n < 32; n++) r = r * 2 + (t >>> n & 1);
	let i = [...e.subarray(6, 12)];
	for (; i.at(-1) === 0;) i.pop();
	let a = t & 32 ? "H" : "L";
	return "hvc1." + [
		`${n}${t & 31}`,
		m(r),
		`${a}${e[12]}`,
		...i.map(m)
	].join(".").toUpperCase();
}
function re(e) {
	let t = y(e, 24), n = t.getUint8(0) === 1 ? t.getUint32(20) : t.getUint32(12);
	if (n === 0) throw new f("a timescale of 0");
	return n;
}
var ie = 1, ae = 2, oe = 8;
function h(e) {
	let t = _(e, ["moof", "traf"]), n = g(t), r = _(t, ["trun"]), i = se(r), a = i.duration ?? ce(_(t, ["tfhd"])), o = i.durationAt < 0 ? -1 : r.byteOffset - e.byteOffset + i.durationAt;
	return {
		decodeTime: n,
		composition: i.composition,
		duration: a,
		durationAt: o
	};
}
function g(e) {
	let t = _(e, ["tfdt"]);
	return y(t, 8).getUint8(0) === 1 ? Number(y(t, 12).getBigUint64(4)) : y(t, 8).getUint32(4);
}
function se(e) {
	let t = y(e, 8).getUint32(0) & 16777215, n = 8;
	t & 1 && (n += 4), t & 4 && (n += 4);
	let r = null, i = -1;
	t & 256 && (r = y(e, n + 4).getUint32(n), i = n, n += 4), t & 512 && (n += 4), t & 1024 && (n += 4);
	let a = t & 2048 ? y(e, n + 4).getInt32(n) : 0;
	return {
		duration: r,
		durationAt: i,
		composition: a
	};
}
function ce(e) {
	let t = y(e, 8).getUint32(0) & 16777215;
	if (!(t & oe)) return 0;
	let n = 8 + (t & ie ? 8 : 0) + (t & ae ? 4 : 0);
	return y(e, n + 4).getUint32(n);
}
function _(e, t, n) {
	let r = e;
	for (let i of t) if (r = v(r, i), !r) {
		if (n) return _(e, n);
		throw new f(`no ${i} box`);
	}
	return r;
}
function v(e, t) {
	let n = y(e, 0);
	for (let r = 0; r + 8 <= e.length;) {
		let i = n.getUint32(r), a = 8;
		if (i === 1) {
			if (r + 16 > e.length) throw new f("a box that is cut off");
			i = Number(n.getBigUint64(r + 8)), a = 16;
		}
		if (i === 0 && (i = e.length - r), i < a || i > e.length - r) throw new f(`a box of ${i} bytes where ${e.length - r} are left`);
		if (String.fromCharCode(...e.subarray(r + 4, r + 8)) === t) return e.subarray(r + a, r + i);
		r += i;
	}
	return null;
}
function y(e, t) {
	if (e.length < t) throw new f(`a box of ${e.length} bytes where ${t} are needed`);
	return new DataView(e.buffer, e.byteOffset, e.byteLength);
}
// player/clock.ts
function b() {
	return performance.timeOrigin + performance.now();
}
var le = 12, ue = 1e-4, de = class {
	samples = [];
	note(e, t, n) {
		let r = t - e;
		r >= 0 && (this.samples.push({
			offsetMs: n - (e + t) / 2,
			roundTripMs: r,
			atMs: t
		}), this.samples.length > le && this.samples.shift());
	}
	reset() {
		this.samples = [];
	}
	offsetMs(e) {
		return this.best(e)?.offsetMs ?? null;
	}
	errorMs(e) {
		let t = this.best(e);
		return t && x(t, e);
	}
	best(e) {
		let t = null;
		for (let n of this.samples) (!t || x(n, e) < x(t, e)) && (t = n);
		return t;
	}
};
function x(e, t) {
	return e.roundTripMs / 2 + (t - e.atMs) * ue;
}
// player/decoders.ts
var fe = 30, pe = 16, me = 3, he = 1e4, ge = class {
	sink;
	decoder = null;
	config = null;
	needsKey = !0;
	count = 0;
	inside = /* @__PURE__ */ new Map();
	errors = [];
	constructor(e) {
		this.sink = e;
	}
	configure(e, t) {
		this.config = {
			codec: e,
			description: t,
			optimizeForLatency: !0
		}, this.restart();
	}
	decode(e) {
		if (!this.config) return;
		if (!e.backlog && !e.key && this.liveInside() > fe && this.restart(), this.needsKey && !e.key) {
			this.sink.dropped(1);
			return;
		}
		this.needsKey = !1;
		let t = this.decoder ??= this.open(this.config), n = this.count++;
		this.inside.set(n, {
			...e,
			bytes: _e
		}), t.decode(new EncodedVideoChunk({
			type: e.key ? "key" : "delta",
			timestamp: n,
			data: e.bytes
		}));
	}
	close() {
		this.sink.dropped(this.liveInside()), this.inside.clear(), this.decoder && this.decoder.state !== "closed" && this.decoder.close(), this.decoder = null;
	}
	open(e) {
		let t = new VideoDecoder({
			output: (e) => this.output(e),
			error: (e) => t === this.decoder && this.failed(e)
		});
		return t.configure(e), t;
	}
	output(e) {
		let t = this.inside.get(e.timestamp);
		this.inside.delete(e.timestamp), this.giveUp(e.timestamp - pe), t && (t.key || !t.backlog) ? this.sink.decoded(e, t) : e.close();
	}
	giveUp(e) {
		for (let [t, { backlog: n }] of this.inside) {
			if (t >= e) return;
			this.inside.delete(t), n || this.sink.dropped(1);
		}
	}
	failed(e) {
		let t = performance.now();
		this.errors = [...this.errors.filter((e) => e > t - he), t], e.name === "NotSupportedError" || this.errors.length > me ? this.sink.failed(e) : this.restart();
	}
	restart() {
		this.close(), this.needsKey = !0;
	}
	liveInside() {
		let e = 0;
		for (let t of this.inside.values()) t.backlog || e++;
		return e;
	}
}, _e = /* @__PURE__ */ new Uint8Array(), ve = class {
	sink;
	busy = !1;
	next = null;
	closed = !1;
	constructor(e) {
		this.sink = e;
	}
	configure() {}
	decode(e) {
		e.backlog || (this.next && this.sink.dropped(1), this.next = e, this.busy || this.work());
	}
	close() {
		this.closed = !0, this.next = null;
	}
	async work() {
		for (this.busy = !0; this.next;) {
			let e = this.next;
			this.next = null;
			try {
				let t = await createImageBitmap(new Blob([e.bytes], { type: "image/jpeg" }));
				this.closed ? t.close() : this.sink.decoded(t, e);
			} catch {
				this.sink.dropped(1);
			}
		}
		this.busy = !1;
	}
}, ye = class {
	canvas;
	report;
	context;
	decoder = null;
	next = null;
	drawn = null;
	newestMs = 0;
	closed = !1;
	constructor(e, t) {
		this.canvas = e, this.report = t;
		let n = e.getContext("2d", { alpha: !1 });
		if (!n) throw Error("no 2d context");
		this.context = n;
	}
	obey(e) {
		if (!this.closed) try {
			e.type === "begin" ? this.begin(e.codec) : e.type === "rest" ? this.rest() : e.type === "close" ? this.close() : e.type === "configure" ? this.decoder?.configure(e.codec, e.description) : this.decoder?.decode(e);
		} catch (e) {
			this.fail(e);
		}
	}
	begin(e) {
		this.decoder?.close();
		let t = {
			decoded: (e, { captureMs: t, backlog: n }) => this.arrived(e, t, n),
			dropped: (e) => this.report({
				type: "dropped",
				count: e
			}),
			failed: (e) => this.fail(e)
		};
		this.decoder = e === "jpeg" ? new ve(t) : new ge(t);
	}
	rest() {
		this.decoder?.close(), this.decoder = null;
	}
	arrived(e, t, n) {
		this.closed || n && t < this.newestMs ? e.close() : (this.newestMs = t, this.show(e, t));
	}
	show(e, t) {
		this.drawn ? (this.next && (this.next.image.close(), this.report({
			type: "dropped",
			count: 1
		})), this.next = {
			image: e,
			captureMs: t
		}) : (this.draw(e, t), requestAnimationFrame((e) => this.refreshed(e)));
	}
	draw(e, t) {
		let n = "displayWidth" in e ? e.displayWidth : e.width, r = "displayHeight" in e ? e.displayHeight : e.height;
		(this.canvas.width !== n || this.canvas.height !== r) && (this.canvas.width = n, this.canvas.height = r, this.report({
			type: "sized",
			width: n,
			height: r
		})), this.context.drawImage(e, 0, 0, n, r), e.close(), this.drawn = {
			captureMs: t,
			drawnMs: b()
		};
	}
	refreshed(e) {
		if (this.closed || !this.drawn) return;
		let { captureMs: t, drawnMs: n } = this.drawn, r = performance.timeOrigin + e, i = Math.max(n, r < n ? r + be : r);
		this.report({
			type: "painted",
			captureMs: t,
			paintedMs: i
		}), this.drawn = null;
		let a = this.next;
		this.next = null, a && this.show(a.image, a.captureMs);
	}
	fail(e) {
		this.closed || (this.close(), this.report({
			type: "failed",
			message: e.message
		}));
	}
	close() {
		this.closed = !0, this.decoder?.close(), this.next?.image.close(), this.next = null;
	}
}, be = 1e3 / 60, xe = class {
	events;
	surface = document.createElement("canvas");
	ordered = [];
	order = (e) => this.ordered?.push(e);
	newestMs = 0;
	paintedMs = 0;
	closed = !1;
	constructor(e) {
		this.events = e, this.open();
	}
	begin(e) {
		this.order({
			type: "begin",
			codec: e
		});
	}
	take(e) {
		if (e.kind === "init") {
			let { codec: t, config: n } = p(e.payload);
			this.order({
				type: "configure",
				codec: t,
				description: n
			});
			return;
		}
		let { key: t, backlog: n, captureMs: r } = e;
		this.newestMs = r, this.order({
			type: "picture",
			bytes: e.payload.subarray(e.unitOffset),
			key: t,
			backlog: n,
			captureMs: r
		});
	}
	rest() {
		this.order({ type: "rest" });
	}
	bufferMs() {
		return this.paintedMs === 0 ? 0 : Math.max(0, this.newestMs - this.paintedMs);
	}
	close() {
		this.closed = !0, this.order({ type: "close" });
	}
	async open() {
		let e = await Te();
		try {
			this.order = (e && this.inWorker(e)) ?? this.inPage();
		} catch (e) {
			this.events.failed(e);
			return;
		}
		let t = this.ordered ?? [];
		this.ordered = null, t.forEach(this.order);
	}
	inWorker(e) {
		if (!("transferControlToOffscreen" in this.surface)) return null;
		let { port1: t, port2: n } = new MessageChannel();
		t.onmessage = ({ data: e }) => this.reported(e);
		let r = this.surface.transferControlToOffscreen(), i = {
			port: n,
			canvas: r
		};
		return e.postMessage(i, [n, r]), (e) => t.postMessage(e, e.type === "picture" ? [e.bytes.buffer] : []);
	}
	inPage() {
		let e = new ye(this.surface, (e) => this.reported(e));
		return (t) => e.obey(t);
	}
	reported(e) {
		if (!this.closed) switch (e.type) {
			case "painted":
				this.paintedMs = e.captureMs, this.events.painted(e.captureMs, e.paintedMs);
				break;
			case "dropped":
				this.events.dropped(e.count);
				break;
			case "sized":
				this.events.sized(e.width, e.height);
				break;
			case "failed": this.events.failed(Error(e.message));
		}
	}
}, Se = "framegate-player-worker.js", Ce = 3e3, we;
function Te() {
	return we ??= new Promise((e) => {
		let t;
		try {
			t = new Worker(new URL(Se, import.meta.url), {
				type: "module",
				name: "framegate-player"
			});
		} catch {
			e(null);
			return;
		}
		let n = setTimeout(() => (t.terminate(), e(null)), Ce);
		t.onerror = () => (clearTimeout(n), e(null)), t.onmessage = () => (clearTimeout(n), e(t));
	});
}
// player/protocol.ts
var Ee = "framegate.v1", De = 1, Oe = [
	void 0,
	"init",
	"frame",
	"soundInit",
	"sound"
], ke = 1, Ae = 2, je = 4, S = class extends Error {};
function Me(e) {
	if (e.byteLength <= 32) throw new S(`a message of ${e.byteLength} bytes`);
	let t = new DataView(e);
	if (t.getUint8(0) !== De) throw new S(`version ${t.getUint8(0)} of the protocol`);
	let n = Oe[t.getUint8(1)];
	if (!n) throw new S(`a message of kind ${t.getUint8(1)}`);
	let r = t.getUint16(2), i = new Uint8Array(e, 32), a = t.getUint32(24);
	if (a >= i.length) throw new S(`an access unit at ${a} of ${i.length} bytes`);
	return {
		kind: n,
		key: (r & ke) !== 0,
		backlog: (r & Ae) !== 0,
		discontinuity: (r & je) !== 0,
		epoch: t.getUint32(4),
		captureMs: Number(t.getBigUint64(8)) / 1e3,
		seq: Number(t.getBigUint64(16)),
		payload: i,
		unitOffset: a
	};
}
function Ne(e) {
	let t = Pe(e);
	switch (t.type) {
		case "hello": return {
			type: "hello",
			epoch: C(t, "epoch"),
			codec: Ie(t),
			mime: w(t, "mime"),
			width: C(t, "width"),
			height: C(t, "height"),
			fps: C(t, "fps"),
			timescale: C(t, "timescale"),
			sound: t.sound === !0
		};
		case "sound": return {
			type: "sound",
			codec: Le(t),
			mime: w(t, "mime"),
			rate: C(t, "rate"),
			channels: C(t, "channels"),
			message: w(t, "message")
		};
		case "drop": return {
			type: "drop",
			frames: C(t, "frames"),
			reason: w(t, "reason")
		};
		case "state": return {
			type: "state",
			camera: Re(t),
			code: C(t, "code"),
			message: w(t, "message"),
			sound: t.sound === !0
		};
		case "error": return {
			type: "error",
			code: C(t, "code"),
			message: w(t, "message")
		};
		case "playback": return {
			type: "playback",
			live: t.live === !0,
			rate: C(t, "rate"),
			paused: t.paused === !0,
			end: t.end === !0,
			code: C(t, "code"),
			message: w(t, "message")
		};
		case "pong": return {
			type: "pong",
			c: C(t, "c"),
			serverTimeUs: C(t, "serverTimeUs")
		};
		default: return null;
	}
}
function Pe(e) {
	let t;
	try {
		t = JSON.parse(e);
	} catch {
		throw new S("a text message that is not JSON");
	}
	if (typeof t != "object" || !t || Array.isArray(t)) throw new S("a text message that is not an object");
	return t;
}
function C(e, t) {
	let n = e[t] ?? 0;
	if (typeof n != "number" || !Number.isFinite(n)) throw new S(`${t} is not a number`);
	return n;
}
var Fe = 1e3;
function w(e, t) {
	let n = e[t] ?? "";
	if (typeof n != "string") throw new S(`${t} is not a string`);
	return n.slice(0, Fe);
}
function Ie(e) {
	let t = e.codec;
	if (t !== "h265" && t !== "h264" && t !== "jpeg") throw new S(`codec ${String(t)}`);
	return t;
}
function Le(e) {
	let t = e.codec ?? "";
	if (t === "") return null;
	if (t !== "aac" && t !== "opus") throw new S(`sound of codec ${String(t)}`);
	return t;
}
function Re(e) {
	let t = e.camera;
	if (t !== "online" && t !== "offline" && t !== "connecting") throw new S(`a camera that is ${String(t)}`);
	return t;
}
// player/connection.ts
var ze = 1e4, T = 1e4, Be = 6, Ve = 150, He = 4e3, Ue = class {
	codecs;
	clock;
	events;
	socket;
	watchdog;
	pinging;
	pings = 0;
	opened = !1;
	greeted = !1;
	over = !1;
	constructor(e, t, n, r) {
		this.codecs = t, this.clock = n, this.events = r, this.socket = new WebSocket(e, Ee), this.socket.binaryType = "arraybuffer", this.socket.onopen = () => this.open(), this.socket.onmessage = (e) => this.receive(e.data), this.socket.onclose = ({ reason: e }) => this.end(e), this.watch(ze);
	}
	send(e) {
		this.greeted && this.socket.readyState === WebSocket.OPEN && this.socket.send(JSON.stringify(e));
	}
	close() {
		this.over = !0, clearTimeout(this.watchdog), clearTimeout(this.pinging), this.socket.close(1e3);
	}
	open() {
		this.over || (this.opened = !0, this.watch(T), this.hello());
	}
	async hello() {
		let e = await this.codecs();
		this.over || (this.greeted = !0, this.send({
			type: "hello",
			codecs: e
		}), this.events.opened(), this.ping());
	}
	ping() {
		this.send({
			type: "ping",
			c: b()
		}), this.pings++, this.pinging = setTimeout(() => this.ping(), this.pings < Be ? Ve : He);
	}
	receive(e) {
		if (this.over) return;
		let t = b();
		this.watch(T);
		try {
			if (typeof e != "string") {
				this.events.packet(Me(e));
				return;
			}
			let n = Ne(e);
			n?.type === "pong" ? this.clock.note(n.c, t, n.serverTimeUs / 1e3) : n && this.events.message(n);
		} catch (e) {
			this.end(`The server sent ${e.message}.`);
		}
	}
	watch(e) {
		clearTimeout(this.watchdog), this.watchdog = setTimeout(() => this.end("The server does not answer."), e);
	}
	end(e) {
		this.over || (this.close(), this.events.closed(this.opened, e));
	}
}, E = .06, We = .004, Ge = class {
	pass;
	now;
	waiting = [];
	wantedMs = 0;
	currentMs = 0;
	changedMs = null;
	timer;
	constructor(e, t) {
		this.pass = e, this.now = t;
	}
	set(e) {
		this.advance(), this.wantedMs = e;
	}
	get heldMs() {
		return this.advance(), this.currentMs;
	}
	take(e) {
		this.advance(), this.currentMs === 0 && this.waiting.length === 0 ? this.pass(e) : (this.waiting.push({
			thing: e,
			dueMs: Math.max(this.now() + this.currentMs, this.waiting.at(-1)?.dueMs ?? 0)
		}), this.waiting.length === 1 && this.wake());
	}
	flush() {
		clearTimeout(this.timer);
		let e = this.waiting;
		this.waiting = [];
		for (let { thing: t } of e) this.pass(t);
	}
	reset() {
		clearTimeout(this.timer), this.waiting = [], this.wantedMs = this.currentMs = 0, this.changedMs = null;
	}
	advance() {
		let e = this.now(), t = e - (this.changedMs ?? e);
		this.changedMs = e;
		let n = this.wantedMs - this.currentMs, r = this.wantedMs === 0 ? E : We;
		this.currentMs += Math.min(Math.max(n, -t * r), t * E);
	}
	wake() {
		this.timer = setTimeout(() => this.due(), Math.max(0, this.waiting[0].dueMs - this.now()));
	}
	due() {
		let e = this.now();
		for (; this.waiting[0] && this.waiting[0].dueMs <= e + Ke;) this.pass(this.waiting.shift().thing);
		this.waiting.length > 0 && this.wake();
	}
}, Ke = 1, qe = 500, Je = class {
	url;
	events;
	surface = document.createElement("img");
	backoff = new d(1e3, 15e3);
	retry;
	looking;
	size = "";
	constructor(e, t) {
		this.url = e, this.events = t, this.surface.alt = "", this.surface.addEventListener("error", () => this.broken()), this.looking = setInterval(() => this.look(), qe), this.load();
	}
	close() {
		clearInterval(this.looking), clearTimeout(this.retry), this.surface.removeAttribute("src");
	}
	load() {
		let e = new URL(this.url);
		e.searchParams.set("t", Date.now().toString(36)), this.surface.src = e.href;
	}
	look() {
		let { naturalWidth: e, naturalHeight: t } = this.surface;
		if (e === 0) return;
		let n = `${e}x${t}`;
		this.size === "" && this.events.shown(), this.size !== n && this.events.sized(e, t), this.size = n, this.backoff.reset();
	}
	broken() {
		this.size = "", this.events.broken(), clearTimeout(this.retry), this.retry = setTimeout(() => this.load(), this.backoff.next());
	}
}, D = .04, Ye = .6, Xe = .35, Ze = .94, Qe = 1.25, $e = 3, et = .008, tt = .02, nt = .04, rt = 500, it = .1, at = class {
	jumpOnly;
	samples = [];
	rate = 1;
	constructor(e = !1) {
		this.jumpOnly = e;
	}
	arrived(e) {
		let t = e.newestS - e.currentS;
		for (t - (this.samples.at(-1)?.leadS ?? t) > it && (this.samples = []), this.samples.push({
			atMs: e.nowMs,
			leadS: t
		}); this.samples[0].atMs < e.nowMs - rt;) this.samples.shift();
		return this.decide(e);
	}
	decide(e) {
		let t = e.seeking ? ot(e) : this.where(e);
		return t === null ? this.jumpOnly || (this.rate = this.pace()) : (this.samples = [], this.rate = 1), {
			rate: this.rate,
			seekS: t
		};
	}
	where({ currentS: e, newestS: t, ranges: n }) {
		let r = n.at(-1);
		if (!r) return null;
		let i = Math.max(r[0], t - D), a = Math.min(...this.samples.map((e) => e.leadS));
		if (this.samples.length > 0 && a > (this.jumpOnly ? Xe : Ye) || e > r[1] + Ye) return i;
		if (n.some(([t, n]) => t <= e && e < n - nt)) return null;
		let o = n.find(([t]) => t > e);
		return o ? o[0] : null;
	}
	pace() {
		if (this.samples.length === 0) return this.rate;
		let e = Math.min(...this.samples.map((e) => e.leadS)) - D;
		if (Math.abs(e) < (this.rate === 1 ? tt : et)) return 1;
		let t = Math.min(Qe, Math.max(Ze, 1 + $e * e));
		return Math.round(t * 100) / 100;
	}
};
function ot({ currentS: e, ranges: t }) {
	return t.some(([t, n]) => t <= e && e < n) ? null : t.find(([t]) => t > e)?.[0] ?? null;
}
// player/timeline.ts
var st = 3, ct = .15, lt = 3, ut = class {
	offsetS = null;
	endS = 0;
	usualS = 0;
	pauses = 0;
	place(e, t, n) {
		let r = e.decodeTime / t;
		if (this.offsetS === null && !n) return null;
		(this.offsetS === null || Math.abs(r + this.offsetS - this.endS) > dt) && (this.offsetS = this.endS - r);
		let i = e.durationAt < 0 ? e.duration / t : this.usual(e.duration / t), a = r + this.offsetS + e.composition / t;
		return this.endS = r + this.offsetS + i, {
			offsetS: this.offsetS,
			startS: a,
			duration: Math.round(i * t)
		};
	}
	cut() {
		this.offsetS = null;
	}
	usual(e) {
		let t = this.usualS > 0 && e > Math.max(st * this.usualS, this.usualS + ct);
		return t && ++this.pauses < lt ? this.usualS : (this.pauses = 0, this.usualS = this.usualS === 0 || t ? e : this.usualS + (e - this.usualS) / 8, e);
	}
}, dt = .001, O = 2048, ft = class {
	pictures = [];
	latestS = null;
	add(e, t, n) {
		this.latestS = Math.max(e, this.latestS ?? e), this.pictures.push({
			startS: e,
			captureMs: t,
			key: n
		}), this.pictures.length >= 2 * O && this.pictures.splice(0, O);
	}
	captureMs(e) {
		let t = null;
		for (let n = this.pictures.length - 1; n >= 0; n--) {
			let r = this.pictures[n];
			if ((!t || Math.abs(r.startS - e) < Math.abs(t.startS - e)) && (t = r), r.startS < e - 1) break;
		}
		return t && Math.abs(t.startS - e) < pt ? t.captureMs : null;
	}
	keyBefore(e) {
		for (let t = this.pictures.length - 1; t >= 0; t--) {
			let n = this.pictures[t];
			if (n.key && n.startS <= e) return n.startS;
		}
		return null;
	}
	newestS() {
		return this.latestS;
	}
}, pt = .005, mt = 32 << 20, ht = 4, gt = .001, _t = 1e7, vt = 250, yt = class {
	events;
	surface = document.createElement("video");
	source;
	url;
	buffer = null;
	mime = "";
	track = new ut();
	captures = new ft();
	follower = new at(St());
	checking;
	init = null;
	waiting = [];
	waitingBytes = 0;
	joining = !0;
	firstS = null;
	present = !1;
	closed = !1;
	constructor(e) {
		this.events = e;
		let t = l();
		if (!t) throw Error("This browser has no Media Source Extensions.");
		this.source = new t(), this.source.addEventListener("sourceopen", () => this.opened()), this.source.addEventListener("startstreaming", () => this.pump()), this.url = URL.createObjectURL(this.source), this.setUp(this.surface), this.checking = setInterval(() => this.check(), vt);
	}
	begin() {
		this.init = null, this.present = !1, this.joining = !0, this.firstS = null, this.track.cut(), this.forget();
	}
	take(e) {
		this.closed || (e.kind === "init" ? this.takeInit(e) : this.init && this.takeFrame(e, this.init));
	}
	rest() {
		this.surface.pause();
	}
	bufferMs() {
		let { buffered: e, currentTime: t } = this.surface;
		return e.length === 0 ? 0 : Math.max(0, e.end(e.length - 1) - t) * 1e3;
	}
	close() {
		this.closed = !0, clearInterval(this.checking), this.forget(), this.surface.removeAttribute("src"), this.surface.load(), URL.revokeObjectURL(this.url);
	}
	setUp(e) {
		e.muted = !0, e.autoplay = !0, e.playsInline = !0, e.disableRemotePlayback = !0, e.src = this.url, e.addEventListener("error", () => this.fail(Error(e.error?.message || "The browser cannot play it."))), e.addEventListener("loadedmetadata", () => this.pump()), e.addEventListener("resize", () => this.events.sized(e.videoWidth, e.videoHeight)), this.watchPaints(e);
	}
	watchPaints(e) {
		if (!("requestVideoFrameCallback" in e)) return;
		let t = (n, { mediaTime: r, expectedDisplayTime: i }) => {
			if (this.closed) return;
			let a = this.captures.captureMs(r);
			a !== null && this.events.painted(a, performance.timeOrigin + i), e.requestVideoFrameCallback(t);
		};
		e.requestVideoFrameCallback(t);
	}
	opened() {
		"setLiveSeekableRange" in this.source && this.source.setLiveSeekableRange(0, _t), this.pump();
	}
	takeInit(e) {
		this.init = p(e.payload), this.track.cut();
		let t = `video/mp4; codecs="${this.init.codec}"`;
		l()?.isTypeSupported(t) ? this.queue({
			mime: t,
			bytes: e.payload
		}) : this.fail(/* @__PURE__ */ Error(`This browser does not play ${this.init.codec}.`));
	}
	takeFrame(e, t) {
		e.discontinuity && this.track.cut();
		let n = h(e.payload), r = this.track.place(n, t.timescale, e.key);
		if (!r) {
			this.events.dropped(1);
			return;
		}
		r.duration !== n.duration && bt(e.payload, n, r.duration), this.captures.add(r.startS, e.captureMs, e.key), this.firstS ??= r.startS;
		let i = this.waiting.at(-1);
		i && "fragments" in i && i.offsetS === r.offsetS ? (i.fragments.push(e.payload), this.waitingBytes += e.payload.length) : this.queue({
			offsetS: r.offsetS,
			fragments: [e.payload]
		}), e.backlog || (this.present = !0), this.pump();
	}
	queue(e) {
		this.waiting.push(e), this.waitingBytes += "fragments" in e ? e.fragments[0].length : e.bytes.length, this.waitingBytes <= mt || (this.wantsMore() ? this.fail(/* @__PURE__ */ Error("The browser has stopped taking pictures.")) : this.skip());
	}
	wantsMore() {
		return this.source.streaming !== !1;
	}
	skip() {
		let e = this.waiting.filter((e) => "mime" in e);
		this.forget(), this.waiting = e.slice(-1), this.waitingBytes = this.waiting.length === 0 ? 0 : e.at(-1).bytes.length, this.track.cut();
	}
	forget() {
		this.waiting = [], this.waitingBytes = 0;
	}
	pump() {
		if (this.closed || !this.present || this.source.readyState !== "open" || this.buffer?.updating || !this.wantsMore()) return;
		let e = this.waiting[0];
		if (!(!e || "fragments" in e && !this.joined())) {
			this.waiting.shift();
			try {
				this.waitingBytes -= "fragments" in e ? this.appendFragments(e) : this.appendInit(e);
			} catch (t) {
				this.appendFailed(e, t);
			}
		}
	}
	appendInit(e) {
		return this.buffer ? this.mime !== e.mime && this.buffer.changeType(e.mime) : (this.buffer = this.source.addSourceBuffer(e.mime), this.buffer.addEventListener("updateend", () => this.appended())), this.mime = e.mime, this.buffer.appendBuffer(e.bytes), e.bytes.length;
	}
	appendFragments(e) {
		let t = this.buffer;
		if (!t) throw Error("A fragment came before its init segment.");
		t.timestampOffset !== e.offsetS && (t.timestampOffset = e.offsetS);
		let n = e.fragments.length === 1 ? e.fragments[0] : xt(e.fragments);
		return t.appendBuffer(n), n.length;
	}
	appendFailed(e, t) {
		let n = this.captures.keyBefore(this.surface.currentTime);
		t.name !== "QuotaExceededError" || !this.buffer || n === null || !this.evictBefore(n) ? this.fail(t) : this.waiting.unshift(e);
	}
	appended() {
		if (this.closed) return;
		let e = this.captures.newestS();
		e !== null && !this.joining && this.surface.buffered.length > 0 && this.move(this.follower.arrived(this.situation(e))), this.buffer?.updating || this.evict(), this.pump();
	}
	joined() {
		let e = this.captures.newestS();
		return this.joining ? e === null || this.firstS === null || this.surface.readyState === HTMLMediaElement.HAVE_NOTHING ? !1 : (this.joining = !1, this.surface.currentTime = Math.max(this.firstS, e - D), this.surface.play().catch((e) => {
			e.name !== "AbortError" && this.fail(e);
		}), !0) : !0;
	}
	check() {
		let e = this.captures.newestS();
		e !== null && !this.joining && this.move(this.follower.decide(this.situation(e))), this.pump();
	}
	situation(e) {
		let { buffered: t, currentTime: n, seeking: r } = this.surface, i = [];
		for (let e = 0; e < t.length; e++) i.push([t.start(e), t.end(e)]);
		let a = i.at(-1)?.[1] ?? 0;
		return {
			nowMs: b(),
			currentS: n,
			seeking: r,
			newestS: Math.min(e, a),
			ranges: i
		};
	}
	move({ rate: e, seekS: t }) {
		this.surface.seeking && t === null || (this.surface.playbackRate !== e && (this.surface.playbackRate = e), t !== null && (this.surface.currentTime = t));
	}
	evict() {
		let e = this.captures.keyBefore(this.surface.currentTime), { buffered: t } = this.surface;
		e !== null && t.length > 0 && t.start(0) < e - ht && this.evictBefore(e);
	}
	evictBefore(e) {
		let t = this.buffer, n = e - gt;
		return !t || t.updating || t.buffered.length === 0 || t.buffered.start(0) >= n ? !1 : (t.remove(0, n), !0);
	}
	fail(e) {
		this.closed || (this.close(), this.events.failed(e));
	}
};
function bt(e, t, n) {
	new DataView(e.buffer, e.byteOffset).setUint32(t.durationAt, n);
}
function xt(e) {
	let t = new Uint8Array(e.reduce((e, t) => e + t.length, 0)), n = 0;
	for (let r of e) t.set(r, n), n += r.length;
	return t;
}
function St() {
	return navigator.vendor.startsWith("Apple");
}
// player/posters.ts
var Ct = 2, k = 4e3, A = 0, j = [];
async function wt(e, t, n) {
	for (; A >= Ct && !n.aborted;) await new Promise((e) => {
		j.push(e), n.addEventListener("abort", () => e(), { once: !0 });
	});
	if (n.aborted) return j.shift()?.(), !1;
	A++;
	let r = await Tt(e, t, n);
	return A--, j.shift()?.(), r;
}
function Tt(e, t, n) {
	return new Promise((r) => {
		if (n.aborted) {
			r(!1);
			return;
		}
		let i = setTimeout(() => a(!1), k), a = (t) => {
			clearTimeout(i), e.onload = e.onerror = null, t || e.removeAttribute("src"), r(t);
		};
		n.addEventListener("abort", () => a(!1), { once: !0 }), e.onload = () => a(!0), e.onerror = () => a(!1), e.src = t.href;
	});
}
async function Et(e, t) {
	let n = new AbortController(), r = () => n.abort(), i = setTimeout(r, k);
	t.addEventListener("abort", r, { once: !0 });
	try {
		let t = await fetch(e, { signal: n.signal });
		return t.ok ? (await t.body?.cancel(), "") : Dt(await t.text()) || `The server answers ${t.status}.`;
	} catch {
		return await Tt(new Image(), e, t) ? "" : null;
	} finally {
		clearTimeout(i), t.removeEventListener("abort", r);
	}
}
function Dt(e) {
	return e.trim().split("\n")[0].slice(0, 200);
}
// player/lipsync.ts
var Ot = 1500, kt = 8e3, At = 3e3, jt = 3, Mt = 200, Nt = class {
	habits;
	pictures = [];
	sounds = [];
	heldMs = 0;
	stockMs;
	stockedMs = null;
	wantedHoldMs = 0;
	behind = null;
	fresh = !0;
	constructor(e) {
		this.habits = e, this.stockMs = e.stockMs;
	}
	painted(e, t, n) {
		this.heldMs = n, M(this.pictures, {
			atMs: t,
			lagMs: t - e - n
		}, Ot);
	}
	arrived(e, t) {
		let n = t - e;
		this.sounds = this.sounds.filter((e) => e.lagMs < n + Mt), M(this.sounds, {
			atMs: t,
			lagMs: n
		}, kt);
	}
	starved(e) {
		this.fresh = !0, this.stockMs = Math.min(this.stockMs + e, this.habits.stockMs + It);
	}
	heard(e, t) {
		this.unstock(t);
		let n = this.shownLagMs();
		this.behind = n === null ? null : t - e - n;
		let r = this.lagMs();
		return r === null ? {
			rate: 1,
			skipMs: 0
		} : this.walk(t - e - r);
	}
	lagMs() {
		let e = this.leastLagMs(), t = this.shownLagMs();
		return e === null || t === null ? e ?? t : Math.max(e, t);
	}
	get behindMs() {
		return this.behind;
	}
	holdMs() {
		let e = this.leastLagMs();
		if (e === null || this.pictures.length === 0) return this.wantedHoldMs;
		let t = Math.min(Math.max(0, e - Bt(this.pictures)), 500), n = t - this.wantedHoldMs;
		return (n > Lt || n < -Rt) && (this.wantedHoldMs = t), this.wantedHoldMs;
	}
	reset() {
		this.pictures = [], this.sounds = [], this.behind = null, this.fresh = !0;
	}
	walk(e) {
		let { bend: t, leapMs: n, firstLeapMs: r } = this.habits, i = Math.abs(e) > (this.fresh ? r : n);
		return this.fresh = !1, i ? {
			rate: 1,
			skipMs: e
		} : Math.abs(e) < jt ? {
			rate: 1,
			skipMs: 0
		} : {
			rate: 1 + Math.min(t, Math.max(-t, e / At)),
			skipMs: 0
		};
	}
	unstock(e) {
		let t = (e - (this.stockedMs ?? e)) * Ft;
		this.stockMs = Math.max(this.habits.stockMs, this.stockMs - t), this.stockedMs = e;
	}
	leastLagMs() {
		if (this.sounds.length === 0) return null;
		let e = this.sounds.map(({ lagMs: e }) => e).sort((e, t) => t - e);
		return e[Math.floor(e.length * Pt)] + this.stockMs;
	}
	shownLagMs() {
		return this.pictures.length === 0 ? null : Bt(this.pictures) + this.heldMs;
	}
}, Pt = .05, Ft = 5e-4, It = 300, Lt = 5, Rt = 40, zt = 500;
function Bt(e) {
	let t = e.map(({ lagMs: e }) => e).sort((e, t) => e - t);
	return t[t.length >> 1];
}
function M(e, t, n) {
	let r = e.at(-1);
	for (r && Math.abs(r.lagMs - t.lagMs) > zt && (e.length = 0), e.push(t); e[0].atMs < t.atMs - n;) e.shift();
}
// player/elementspeaker.ts
var Vt = {
	stockMs: 120,
	bend: .03,
	leapMs: 400,
	firstLeapMs: 600
}, Ht = 40, Ut = 100, Wt = 1, Gt = 5, Kt = 500, N = 500, qt = class {
	events;
	sync = new Nt(Vt);
	audio = document.createElement("audio");
	source;
	url;
	checking;
	buffer = null;
	mime = "";
	timescale = 1;
	waiting = [];
	offsetS = null;
	fromS = 0;
	endS = 0;
	pausedUntilMs = 0;
	heard = !1;
	closed = !1;
	constructor(e, t) {
		this.events = t;
		let n = l();
		if (!n) throw Error("This browser has no Media Source Extensions.");
		this.source = new n(), this.source.addEventListener("sourceopen", () => this.pump()), this.url = URL.createObjectURL(this.source), this.setUp(e), this.checking = setInterval(() => this.check(), Ut);
	}
	begin({ init: e, mime: t, bytes: n }) {
		this.sync.reset(), this.timescale = e.timescale, this.offsetS = null, this.waiting = [], this.queue({
			offsetS: null,
			mime: t,
			bytes: n
		});
	}
	take({ frames: e, bytes: t }) {
		let n = e[0].start / this.timescale, r = e.at(-1);
		this.offsetS ??= this.place(n), this.endS = (r.start + r.duration) / this.timescale + this.offsetS, this.sync.arrived(n * 1e3, b()), this.queue({
			offsetS: this.offsetS,
			mime: null,
			bytes: t
		});
	}
	rest() {
		this.sync.reset(), this.offsetS = null, this.pausedUntilMs = 0, this.heard = !1, this.waiting = this.waiting.filter(({ mime: e }) => e !== null), this.audio.pause();
	}
	setVolume(e) {
		this.audio.volume = e;
	}
	close() {
		this.closed || (this.closed = !0, clearInterval(this.checking), this.waiting = [], this.audio.removeAttribute("src"), this.audio.load(), URL.revokeObjectURL(this.url));
	}
	setUp(e) {
		let { audio: t } = this;
		t.volume = e, t.preservesPitch = !1, t.disableRemotePlayback = !0, t.src = this.url, t.addEventListener("error", () => this.fail(Error(t.error?.message || "The browser cannot play it."))), t.addEventListener("waiting", () => this.stands()), this.play();
	}
	play() {
		this.audio.play().catch((e) => {
			if (!(this.closed || e.name === "AbortError")) {
				if (e.name !== "NotAllowedError") return this.fail(e);
				this.close(), this.events.refused();
			}
		});
	}
	place(e) {
		return this.fromS = this.endS === 0 ? 0 : this.endS + Wt, this.fromS - e;
	}
	queue(e) {
		this.waiting.push(e), this.waiting.length > Kt ? this.fail(/* @__PURE__ */ Error("The browser has stopped taking sound.")) : this.pump();
	}
	pump() {
		if (this.closed || this.source.readyState !== "open" || this.buffer?.updating) return;
		let e = this.waiting.shift();
		if (e) try {
			e.mime !== null && this.prepare(e.mime);
			let t = this.buffer;
			e.offsetS !== null && t.timestampOffset !== e.offsetS && (t.timestampOffset = e.offsetS), t.appendBuffer(e.bytes);
		} catch (e) {
			this.fail(e);
		}
	}
	prepare(e) {
		this.buffer ? this.mime !== e && this.buffer.changeType(e) : (this.buffer = this.source.addSourceBuffer(e), this.buffer.addEventListener("updateend", () => this.appended())), this.mime = e;
	}
	appended() {
		if (this.closed) return;
		let { buffered: e, currentTime: t } = this.audio;
		this.waiting.length === 0 && e.length > 0 && e.start(0) < t - 10 && this.buffer?.remove(0, t - Gt), this.pump();
	}
	stands() {
		this.heard && !this.audio.seeking && this.sync.starved(Ht), this.heard = !1;
	}
	check() {
		let e = b();
		if (this.offsetS === null || e < this.pausedUntilMs) return;
		let { audio: t } = this;
		if (!(t.currentTime < this.fromS && !this.goTo(this.fromS))) {
			if (t.paused) this.play();
			else if (t.seeking) return;
			else t.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA ? this.keepStep(this.offsetS, e) : this.leaveHole(this.offsetS, e);
		}
	}
	keepStep(e, t) {
		this.heard = !0;
		let { rate: n, skipMs: r } = this.sync.heard((this.audio.currentTime - e) * 1e3, t), i = Math.round(n * N) / N;
		this.audio.playbackRate !== i && (this.audio.playbackRate = i), r > 0 && this.goTo(this.audio.currentTime + r / 1e3), r < 0 && this.pause(t - r);
	}
	pause(e) {
		this.pausedUntilMs = e, this.audio.pause();
	}
	leaveHole(e, t) {
		let n = (t - (this.sync.lagMs() ?? 0)) / 1e3 + e, r = this.rangeAfter(this.audio.currentTime);
		r !== null && r <= n && (this.audio.currentTime = r);
	}
	rangeAfter(e) {
		let { buffered: t } = this.audio;
		for (let n = 0; n < t.length; n++) if (t.start(n) > e) return t.start(n);
		return null;
	}
	goTo(e) {
		let { buffered: t } = this.audio;
		for (let n = 0; n < t.length; n++) if (e >= t.start(n) - Jt && e < t.end(n)) return this.audio.currentTime = Math.max(e, t.start(n)), !0;
		return !1;
	}
	fail(e) {
		this.closed || (this.close(), this.events.failed(e));
	}
}, Jt = .1, P = 28;
function Yt(e) {
	let t = _(e, ["moov", "trak"]), n = _(t, [
		"mdia",
		"minf",
		"stbl",
		"stsd"
	]).subarray(8), r = re(_(t, ["mdia", "mdhd"])), i = v(n, "Opus"), a = y(i ?? _(n, ["mp4a"]), P), o = a.getUint16(16);
	if (o === 0) throw new f("sound in no channel");
	let s = a.getUint32(24) >>> 16 || r;
	if (i) return {
		codec: "opus",
		config: null,
		rate: s,
		channels: o,
		timescale: r
	};
	let c = en(_(_(n, ["mp4a"]).subarray(P), ["esds"]).subarray(4));
	return {
		codec: `mp4a.40.${Xt(c)}`,
		config: c.slice(),
		rate: s,
		channels: o,
		timescale: r
	};
}
function Xt(e) {
	if (e.length < 2) throw new f(`a configuration of AAC of ${e.length} bytes`);
	let t = e[0] >> 3;
	return t === 31 ? 32 + ((e[0] & 7) << 3) + (e[1] >> 5) : t;
}
var F = {
	tag: 3,
	bytes: 3
}, I = {
	tag: 4,
	bytes: 13
}, Zt = {
	tag: 5,
	bytes: 0
}, L = 128, Qt = 64, $t = 32;
function en(e) {
	let t = R(e, F), n = t[2], r = (n & L ? 2 : 0) + (n & $t ? 2 : 0);
	return n & Qt && (r += 1 + (t[F.bytes + (n & L ? 2 : 0)] ?? 0)), R(R(t.subarray(F.bytes + r), I).subarray(I.bytes), Zt);
}
function R(e, { tag: t, bytes: n }) {
	for (let r = 0; r < e.length;) {
		let i = e[r++], a = 0;
		for (let t = 0; t < 4; t++) {
			let t = e[r++] ?? 0;
			if (a = a * 128 + (t & 127), t < 128) break;
		}
		if (a > e.length - r) throw new f(`a descriptor of ${a} bytes where ${e.length - r} are left`);
		if (i !== t) r += a;
		else if (a >= n) return e.subarray(r, r + a);
		else throw new f(`a descriptor of ${a} bytes`);
	}
	throw new f(`no descriptor ${t}`);
}
function tn(e, t) {
	let n = _(e, ["moof", "traf"]), r = y(_(n, ["trun"]), 8), i = r.getUint32(0) & 16777215;
	if (!(i & 256) || !(i & 512)) throw new f("frames of sound without duration or size");
	let a = 8 + (i & 1024 ? 4 : 0) + (i & 2048 ? 4 : 0), o = 8 + (i & 1 ? 4 : 0) + (i & 4 ? 4 : 0), s = r.getUint32(4);
	if (o + s * a > r.byteLength) throw new f(`${s} frames of sound in a trun of ${r.byteLength} bytes`);
	let c = [], l = g(n);
	for (let n = 0; n < s; n++) {
		let i = r.getUint32(o + n * a), s = r.getUint32(o + n * a + 4);
		if (s > e.length - t) throw new f(`a frame of sound of ${s} bytes where ${e.length - t} are left`);
		c.push({
			start: l,
			duration: i,
			bytes: e.subarray(t, t + s)
		}), l += i, t += s;
	}
	return c;
}
// player/speaker.ts
var z = [["opus", "opus"], ["aac", "mp4a.40.2"]], nn;
function B() {
	return nn ??= rn();
}
async function rn() {
	let e = new Promise((e) => setTimeout(() => e([]), an));
	return {
		worklet: await Promise.race([on(), e]),
		element: sn()
	};
}
var an = 1e3;
async function on() {
	if (typeof AudioDecoder != "function" || typeof AudioWorkletNode != "function") return [];
	let e = [];
	for (let [t, n] of z) try {
		let { supported: r } = await AudioDecoder.isConfigSupported({
			codec: n,
			sampleRate: 48e3,
			numberOfChannels: 2
		});
		r && e.push(t);
	} catch {}
	return e;
}
function sn() {
	let e = l();
	return z.filter(([, t]) => e?.isTypeSupported(`audio/mp4; codecs="${t}"`)).map(([e]) => e);
}
// player/ring.ts
var cn = "framegate-sound", ln = {
	stockMs: 30,
	bend: .005,
	leapMs: 40,
	firstLeapMs: 5
}, un = 10, dn = 200, fn = 3, pn = 8e3, mn = 1e3, hn = .02, V = 2, gn = class {
	events;
	sync = new Nt(ln);
	context = yn();
	gain;
	node = null;
	decoder = null;
	init = null;
	inside = [];
	firstOut = !0;
	errors = 0;
	starved = 0;
	step = {
		number: 0,
		rate: 1
	};
	closed = !1;
	constructor(e, t) {
		this.events = t, this.gain = new GainNode(this.context, { gain: e }), this.gain.connect(this.context.destination), this.open();
	}
	begin({ init: e }) {
		this.init = e, this.rest();
	}
	rest() {
		this.sync.reset(), this.walk({
			rate: 1,
			skipMs: 0
		}), this.order({ type: "clear" }), this.restart();
	}
	take({ frames: e }) {
		if (this.decoder && this.init && this.node) {
			this.decoder.decodeQueueSize > dn && this.restart();
			for (let { start: t, duration: n, bytes: r } of e) {
				let e = t / this.init.timescale * 1e3, i = Math.round(e * 1e3), a = Math.round(n / this.init.timescale * 1e6);
				this.inside.push({
					startMs: e,
					timestamp: i
				}), this.decoder.decode(new EncodedAudioChunk({
					type: "key",
					timestamp: i,
					duration: a,
					data: r
				}));
			}
		}
	}
	setVolume(e) {
		this.gain.gain.setTargetAtTime(e, this.context.currentTime, hn);
	}
	close() {
		this.closed || (this.closed = !0, this.order({ type: "close" }), this.node?.port.close(), this.gain.disconnect(), this.stop(), bn());
	}
	async open() {
		try {
			let [e] = await Promise.all([Sn(this.context), xn(this.context)]);
			if (this.closed) return;
			if (!e) {
				this.refuse();
				return;
			}
			this.node = new AudioWorkletNode(this.context, cn, {
				numberOfInputs: 0,
				outputChannelCount: [V]
			}), this.node.port.onmessage = ({ data: e }) => this.reported(e), this.node.connect(this.gain), this.order({
				type: "step",
				...this.step,
				skipMs: 0
			});
		} catch (e) {
			this.fail(e);
		}
	}
	refuse() {
		if (navigator.userActivation?.hasBeenActive) throw Error("The browser begins no sound. Has this machine a device for it?");
		this.close(), this.events.refused();
	}
	order(e, t = []) {
		this.node?.port.postMessage(e, t);
	}
	restart() {
		if (this.stop(), !this.init) return;
		let { codec: e, config: t, rate: n, channels: r } = this.init, i = new AudioDecoder({
			output: (e) => this.decoded(e, i),
			error: (e) => i === this.decoder && this.broke(e)
		});
		this.decoder = i, i.configure({
			codec: e,
			sampleRate: n,
			numberOfChannels: r,
			...t && { description: t }
		});
	}
	stop() {
		this.decoder && this.decoder.state !== "closed" && this.decoder.close(), this.decoder = null, this.inside = [], this.firstOut = !0;
	}
	decoded(e, t) {
		try {
			t === this.decoder && this.push(e);
		} catch (e) {
			this.fail(e);
		} finally {
			e.close();
		}
	}
	push(e) {
		this.errors = 0;
		let t = this.startOf(e);
		if (t === null) return;
		let n = [];
		for (let t = 0; t < Math.min(e.numberOfChannels, V); t++) {
			let r = new Float32Array(e.numberOfFrames);
			e.copyTo(r, {
				planeIndex: t,
				format: "f32-planar"
			}), n.push(r);
		}
		let r = {
			startMs: t,
			rate: e.sampleRate,
			planes: n
		};
		this.sync.arrived(t, b() + this.latencyMs()), this.order({
			type: "push",
			piece: r
		}, n.map(({ buffer: e }) => e));
	}
	startOf({ timestamp: e }) {
		let t = (t) => Math.abs(this.inside[t].timestamp - e);
		for (; this.firstOut && this.inside.length > 1 && t(1) < t(0);) this.inside.shift();
		return this.firstOut = !1, this.inside.shift()?.startMs ?? null;
	}
	broke(e) {
		e.name === "NotSupportedError" || ++this.errors > fn ? this.fail(e) : this.restart();
	}
	reported({ mediaMs: e, contextS: t, starved: n, number: r }) {
		if (this.closed || (n > this.starved && this.sync.starved(un), this.starved = n, e === null || r < this.step.number)) return;
		let { rate: i, skipMs: a } = this.sync.heard(e, this.heardAtMs(t));
		(i !== this.step.rate || a !== 0) && this.walk({
			rate: i,
			skipMs: a
		});
	}
	walk({ rate: e, skipMs: t }) {
		this.step = {
			number: this.step.number + 1,
			rate: e
		}, this.order({
			type: "step",
			...this.step,
			skipMs: t
		});
	}
	heardAtMs(e) {
		return b() + this.latencyMs() + (e - this.context.currentTime) * 1e3;
	}
	latencyMs() {
		let { contextTime: e = 0, performanceTime: t = 0 } = this.context.getOutputTimestamp(), n = e > 0 && t > 0, { baseLatency: r = 0, outputLatency: i = 0 } = this.context;
		if (!n) return (r + i) * 1e3;
		let a = e + (performance.now() - t) / 1e3;
		return Math.min(Math.max(0, (this.context.currentTime - a) * 1e3), _n);
	}
	fail(e) {
		this.closed || (this.close(), this.events.failed(e));
	}
}, _n = 1e3, vn = "framegate-player-sound.js", H, U, W = 0;
function yn() {
	return H || (H = new AudioContext({ latencyHint: "interactive" }), H.addEventListener("statechange", G)), W++, G(), H;
}
function G() {
	W > 0 && H?.state !== "running" && H?.resume().catch(() => {});
}
function bn() {
	--W === 0 && H?.suspend().catch(() => {});
}
function xn(e) {
	return U ??= e.audioWorklet.addModule(new URL(vn, import.meta.url)), U.catch(() => U = void 0), U;
}
function Sn(e) {
	let t = navigator.userActivation?.hasBeenActive ?? !0;
	return new Promise((n) => {
		let r = setTimeout(() => i(), t ? pn : mn), i = () => {
			clearTimeout(r), e.removeEventListener("statechange", a), n(e.state === "running");
		}, a = () => e.state === "running" && i();
		e.addEventListener("statechange", a), a();
	});
}
// player/sound.ts
var K = {
	codec: null,
	rate: 0,
	channels: 0
}, Cn = "The browser plays sound only after a click or a key on this page.", wn = "This browser plays none of the sound that is sent.", q = ["worklet", "element"], Tn = 2e4, En = 600, Dn = class {
	events;
	muted = !0;
	volume = 1;
	state = {
		available: !1,
		...K,
		message: ""
	};
	told = this.state;
	quiet = null;
	speaker = null;
	kind = "worklet";
	hears = {
		worklet: [],
		element: []
	};
	failed = /* @__PURE__ */ new Set();
	retry;
	turn = 0;
	open = !1;
	sent = "";
	message = null;
	init = null;
	timescale = 0;
	pictures = /* @__PURE__ */ new Map();
	shiftMs = null;
	constructor(e) {
		this.events = e, B();
	}
	setMuted(e) {
		e !== this.muted && (this.muted = e, this.failed.clear(), this.update({ message: "" }), e ? this.silence() : this.listen());
	}
	setVolume(e) {
		this.volume = e, this.speaker?.setVolume(e);
	}
	connected() {
		this.open = !0, this.sent = "", this.wish();
	}
	disconnected() {
		this.open = !1, this.message = this.init = null, this.pictures.clear(), this.update(K);
	}
	begin(e, t, n) {
		this.pictures.clear(), this.timescale = e === "jpeg" ? 0 : t, this.offered(n);
	}
	offered(e) {
		let t = e && !this.state.available;
		this.update({ available: e }), t && this.message && !this.message.codec && (this.sent = ""), this.wish();
	}
	hush(e) {
		e !== this.quiet && (this.quiet = e, this.leap(), this.update({}));
	}
	leap() {
		this.speaker?.rest(), this.pictures.clear(), this.shiftMs = null;
	}
	answered(e) {
		this.message = e, this.init = null, this.speaker && (e.codec ? this.update({ message: "" }) : this.update({
			...K,
			message: e.message
		}));
	}
	take(e) {
		if (this.speaker && this.message?.codec) try {
			e.kind === "soundInit" ? this.takeInit(e, this.speaker, this.message) : this.init && !e.backlog && this.quiet === null && this.takeFrames(e, this.speaker, this.init);
		} catch (e) {
			this.speaker?.close(), this.broke(e);
		}
	}
	picture(e, t) {
		if (this.speaker && e.kind === "frame" && !e.backlog && this.quiet === null) {
			this.pictures.set(e.captureMs, {
				mediaMs: this.mediaMs(e),
				heldMs: t
			});
			for (let e of this.pictures.keys()) {
				if (this.pictures.size <= En) break;
				this.pictures.delete(e);
			}
		}
	}
	painted(e, t) {
		let n = this.pictures.get(e);
		if (!n || !this.speaker) return;
		let r = n.mediaMs ?? (this.shiftMs === null ? null : e - this.shiftMs);
		r !== null && this.speaker.sync.painted(r, t, n.heldMs);
	}
	holdMs() {
		return this.speaker && this.told.codec ? this.speaker.sync.holdMs() : 0;
	}
	get behindMs() {
		return this.speaker?.sync.behindMs ?? null;
	}
	close() {
		this.turn++, clearTimeout(this.retry), this.speaker?.close(), this.speaker = null;
	}
	mediaMs(e) {
		if (this.timescale === 0) return null;
		try {
			let { decodeTime: t, composition: n } = h(e.payload);
			return (t + n) / this.timescale * 1e3;
		} catch {
			return null;
		}
	}
	silence() {
		this.close(), this.init = null, this.update(K), this.wish();
	}
	async listen() {
		let e = ++this.turn;
		if (clearTimeout(this.retry), this.hears = await B(), e !== this.turn) return;
		let t = q.find((e) => this.plays(e).length > 0);
		if (!t) {
			this.giveUp(wn);
			return;
		}
		this.kind = t;
		let n = {
			refused: () => e === this.turn && this.refuse(),
			failed: (t) => e === this.turn && this.broke(t)
		};
		try {
			this.speaker = t === "worklet" ? new gn(this.volume, n) : new qt(this.volume, n);
		} catch (e) {
			this.broke(e);
			return;
		}
		this.sent = "", this.wish();
	}
	plays(e) {
		return this.hears[e].filter((t) => !this.failed.has(e + t));
	}
	wish() {
		let e = this.speaker ? this.plays(this.kind) : [], t = e.join();
		this.open && t !== this.sent && (this.sent = t, this.events.wish(e));
	}
	takeInit(e, t, { codec: n, mime: r }) {
		this.init = Yt(e.payload), this.shiftMs = null;
		let { rate: i, channels: a } = this.init;
		t.begin({
			init: this.init,
			mime: r,
			bytes: e.payload
		}), t === this.speaker && this.update({
			codec: n,
			rate: i,
			channels: a,
			message: ""
		});
	}
	takeFrames(e, t, { timescale: n }) {
		let r = tn(e.payload, e.unitOffset);
		if (r.length === 0) return;
		let i = e.captureMs - r[0].start / n * 1e3;
		this.shiftMs = this.shiftMs === null ? i : this.shiftMs + (i - this.shiftMs) / 16, t.take({
			frames: r,
			bytes: e.payload
		});
	}
	refuse() {
		this.muted = !0, this.silence(), this.update({ message: Cn }), this.events.refused();
	}
	broke(e) {
		let t = this.init && this.message?.codec ? [this.message.codec] : this.hears[this.kind];
		for (let e of t) this.failed.add(this.kind + e);
		this.speaker = null, this.init = null, this.events.trouble(e.message), this.update(K), this.wish(), q.some((e) => this.plays(e).length > 0) ? this.listen() : this.giveUp(`The sound cannot be played: ${e.message}`);
	}
	giveUp(e) {
		this.turn++, this.speaker = null, this.wish(), this.update({
			...K,
			message: e
		}), this.retry = setTimeout(() => {
			this.failed.clear(), this.listen();
		}, Tn);
	}
	update(e) {
		this.state = {
			...this.state,
			...e
		};
		let t = this.quiet === null ? this.state : this.hushed(this.quiet);
		Object.keys(t).every((e) => t[e] === this.told[e]) || (this.told = t, this.events.changed(t));
	}
	hushed(e) {
		let { available: t, codec: n, message: r } = this.state;
		return {
			...K,
			available: t || n !== null,
			message: r || (this.muted ? "" : e)
		};
	}
}, On = 2e3, kn = 5;
function An(e) {
	if (!e.running) return {
		state: "idle",
		words: "Paused"
	};
	if (!e.connected) return Mn(e);
	if (e.past) return {
		state: "playback",
		words: jn(e.past)
	};
	if (e.camera === "offline") return {
		state: "offline",
		words: Y("Camera offline", e.cameraMessage)
	};
	if (e.quietMs !== null) {
		if (!(e.quietMs > Math.max(On, kn * e.intervalMs))) return {
			state: "live",
			words: "Live"
		};
		if (e.camera !== "connecting") return {
			state: "stalled",
			words: "No new pictures"
		};
	}
	return e.camera === "connecting" ? {
		state: "connecting",
		words: Y("Connecting to the camera…", e.cameraMessage)
	} : {
		state: "connecting",
		words: "Waiting for a picture…"
	};
}
function jn({ paused: e, end: t, message: n }) {
	return n ? Y("No picture", n) : e ? "Recorded, paused" : t ? "End of the recording" : "Recorded";
}
function J(e) {
	return !e || e.rate === 1 && !e.paused ? null : e.paused ? "" : "Sound is heard at normal speed only.";
}
function Mn({ trouble: e, shown: t }) {
	return e ? {
		state: "error",
		words: e
	} : {
		state: "connecting",
		words: t ? "Connection lost. Trying again…" : "Connecting…"
	};
}
function Y(e, t) {
	return t ? e.endsWith("…") ? `${e} ${t}` : `${e}: ${t}` : e;
}
var Nn = [
	{
		ms: 6e4,
		name: "min"
	},
	{
		ms: 36e5,
		name: "h"
	},
	{
		ms: 864e5,
		name: "days"
	}
];
function Pn(e) {
	let t = Math.max(0, e);
	if (t < 999.5) return `${Math.round(t)} ms`;
	if (t < 9950) return `${(t / 1e3).toFixed(1)} s`;
	let n = {
		ms: 1e3,
		name: "s"
	};
	for (let e of Nn) {
		if (Math.round(t / n.ms) * n.ms < 2 * e.ms) break;
		n = e;
	}
	return `${Math.round(t / n.ms)} ${n.name}`;
}
// player/player.ts
var Fn = 250, In = 5e3, Ln = 5e3, Rn = 5e3, zn = 500, Bn = 4, Vn = 2, Hn = 250, Un = 4, Wn = class {
	address;
	wanted;
	stage;
	ladder;
	clock = new de();
	backoff = new d(Fn, In);
	connection = null;
	renderer = null;
	rendering = null;
	image = null;
	retry;
	ticking;
	ticks = 0;
	slowTicks = 0;
	asking = null;
	codec = null;
	begun = "h264";
	connected = !1;
	firstMs = null;
	lastMs = null;
	lastCaptureMs = 0;
	intervalMs = 0;
	camera = null;
	problem = "";
	past = null;
	returning = !1;
	soughtMs = null;
	jumped = !1;
	shownYet = !1;
	delays = [];
	shown = 0;
	dropped = 0;
	closed = !1;
	sound;
	hold = new Ge((e) => this.render(e), b);
	constructor(e, t, n) {
		this.address = e, this.wanted = t, this.stage = n, this.ladder = new te(t, r), this.sound = new Dn({
			wish: (e) => this.connection?.send({
				type: "sound",
				codecs: e
			}),
			changed: (e) => this.stage.sounds(e),
			refused: () => this.stage.muted(),
			trouble: (e) => this.stage.trouble("sound", e)
		}), o();
	}
	start() {
		this.ticking !== void 0 || this.closed || (this.ticking = setInterval(() => this.tick(), zn), this.backoff.reset(), this.shownYet = !1, this.problem = "", this.connect());
	}
	stop() {
		this.ticking !== void 0 && (this.halt(), this.renderer?.rest(), this.report());
	}
	retryNow() {
		this.ticking === void 0 || this.connected || (this.problem = "", this.backoff.reset(), this.disconnect(), this.connect());
	}
	setMuted(e) {
		this.sound.setMuted(e);
	}
	setVolume(e) {
		this.sound.setVolume(e);
	}
	get takenMs() {
		return this.lastCaptureMs;
	}
	seek(e) {
		this.past ??= {
			rate: 1,
			paused: !1,
			end: !1,
			message: ""
		}, this.returning = !1, this.soughtMs = e, this.tell({
			type: "seek",
			atUs: Math.round(e * 1e3)
		});
	}
	setRate(e) {
		this.past = {
			end: !1,
			message: "",
			...this.past,
			rate: e,
			paused: !1
		}, this.returning = !1, this.tell({
			type: "rate",
			rate: e
		});
	}
	pause() {
		this.past = {
			rate: 1,
			end: !1,
			message: "",
			...this.past,
			paused: !0
		}, this.returning = !1, this.tell({ type: "pause" });
	}
	live() {
		this.past && (this.past = this.soughtMs = null, this.jumped = this.returning = !0, this.tell({ type: "play" }), this.stage.played(null));
	}
	tell(e) {
		this.lastMs &&= b(), this.image && this.stage.trouble("playback", "Recordings cannot be shown this way."), this.sound.hush(J(this.past)), this.connection?.send(e), this.report();
	}
	resume({ rate: e, paused: t }) {
		this.soughtMs !== null && this.connection?.send({
			type: "seek",
			atUs: Math.round(this.soughtMs * 1e3)
		}), (this.soughtMs === null || e !== 1) && this.connection?.send({
			type: "rate",
			rate: e
		}), t && this.connection?.send({ type: "pause" });
	}
	played(e) {
		if (e.live && this.past && e.code === 0 || !e.live && this.returning) return;
		this.returning = !1;
		let { live: t, rate: n, paused: r, end: i } = e;
		this.past = t ? null : {
			rate: n,
			paused: r,
			end: i,
			message: e.message
		}, t && (this.soughtMs = null), this.jumped ||= t, this.sound.hush(J(this.past)), e.code !== 0 && this.stage.trouble("playback", e.message), this.stage.played(this.past);
	}
	close() {
		this.halt(), this.closed = !0, this.sound.close(), this.renderer?.close(), this.renderer = null;
	}
	halt() {
		clearInterval(this.ticking), this.ticking = void 0, this.disconnect();
	}
	connect() {
		this.ladder.codecs().length === 0 ? this.showImage() : (this.clock.reset(), this.connection = new Ue(this.address.socket(), () => this.codecs(), this.clock, {
			opened: () => this.opened(),
			message: (e) => this.receive(e),
			packet: (e) => this.take(e),
			closed: (e, t) => this.lost(e, t)
		}), this.report());
	}
	opened() {
		this.returning = !1, this.past && this.resume(this.past), this.sound.connected();
	}
	async codecs() {
		return await o(), this.ladder.codecs();
	}
	disconnect() {
		clearTimeout(this.retry), this.asking?.abort(), this.connection?.close(), this.connection = null, this.image?.close(), this.image = null, this.hold.reset(), this.sound.disconnected(), this.connected = !1, this.codec = null, this.camera = null, this.firstMs = this.lastMs = null, this.delays = [];
	}
	receive(e) {
		switch (this.connected = !0, e.type) {
			case "hello":
				this.problem = "", e.fps > 0 && (this.intervalMs = 1e3 / e.fps), (e.codec !== this.codec || this.past || this.jumped) && this.begin(e.codec), (this.past || this.jumped) && this.sound.leap(), this.jumped = !1, this.sound.begin(e.codec, e.timescale, e.sound);
				break;
			case "sound":
				this.sound.answered(e);
				break;
			case "state":
				this.camera = e, this.sound.offered(e.sound);
				break;
			case "playback":
				this.played(e);
				break;
			case "drop":
				this.dropped += e.frames;
				break;
			case "error": this.problem = e.message || `error ${e.code}`, this.stage.trouble(String(e.code), this.problem);
		}
		this.report();
	}
	begin(e) {
		let t = this.ladder.modeFor(e);
		t ? (this.hold.flush(), this.codec = this.begun = e, this.rendering === t && this.renderer || this.replaceRenderer(t), this.renderer?.begin(e)) : this.lost(!0, `The server sends ${e}, which cannot be shown here.`);
	}
	replaceRenderer(e) {
		this.renderer?.close(), this.renderer = null, this.rendering = e;
		let t = !0, n = {
			painted: (e, n) => t && this.painted(e, n),
			dropped: (e) => this.dropped += e,
			sized: (e, n) => t && this.stage.sized(e, n),
			failed: (n) => {
				t && this.rendererFailed(e, n), t = !1;
			}
		};
		try {
			this.renderer = e === "mse" ? new yt(n) : new xe(n);
		} catch (e) {
			n.failed(e);
			return;
		}
		this.stage.show(this.renderer.surface, e);
	}
	rendererFailed(e, t) {
		this.renderer?.close(), this.renderer = null, this.firstMs === null ? this.fallBack(e, t.message) : (this.stage.trouble(e, t.message), this.lost(!0, ""));
	}
	fallBack(e, t) {
		this.stage.trouble(e, t), this.ladder.fail(e, this.begun), this.wanted !== "auto" && this.begun !== "h265" ? this.lost(!0, `It cannot be shown here: ${t}`) : (this.disconnect(), this.rendering = null, this.slowTicks = 0, this.shownYet = !1, this.connect());
	}
	take(e) {
		e.kind === "sound" || e.kind === "soundInit" ? this.sound.take(e) : (this.hold.set(this.sound.holdMs()), this.sound.picture(e, this.hold.heldMs), this.hold.take(e));
	}
	render(e) {
		try {
			this.renderer?.take(e);
		} catch (e) {
			this.lost(!0, `The server sent ${e.message}.`);
		}
	}
	painted(e, t) {
		if (!this.connected) return;
		if (this.shown++, this.firstMs === null && this.firstPicture(t), this.lastMs = t, this.lastCaptureMs = e, this.sound.painted(e, t), this.past) {
			this.soughtMs = e;
			return;
		}
		let n = this.clock.offsetMs(t);
		n !== null && this.delays.push(t + n - e);
	}
	firstPicture(e) {
		this.firstMs = e, this.shownYet = !0, this.lastMs = e, this.stage.pictured(), this.report();
	}
	lost(e, t) {
		this.firstMs !== null && b() - this.firstMs > Rn && this.backoff.reset();
		let n = this.problem || (this.shownYet && e ? "" : t);
		this.disconnect(), this.problem = n, this.later(this.backoff.next()), e || this.explain(), this.report();
	}
	later(e) {
		clearTimeout(this.retry), this.retry = setTimeout(() => this.connect(), e);
	}
	async explain() {
		this.asking = new AbortController();
		let { signal: e } = this.asking, t = await Et(this.address.still(), e);
		e.aborted || (this.problem = t ?? "The server cannot be reached. Trying again…", t && this.later(Ln * (1 + Math.random())), t === "" && (this.problem = "The server is there, but no WebSocket comes through."), this.stage.trouble("unreachable", this.problem), t === "" && this.wanted === "auto" && this.backoff.count >= Vn && (this.disconnect(), this.showImage()), this.report());
	}
	showImage() {
		this.renderer?.close(), this.renderer = null, this.rendering = "img", this.image = new Je(this.address.multipart(), {
			shown: () => {
				this.connected = !0, this.shownYet = !0, this.stage.pictured(), this.stage.say({
					state: "live",
					words: "Live"
				});
			},
			broken: () => this.stage.say({
				state: "error",
				words: "No picture. Trying again…"
			}),
			sized: (e, t) => this.stage.sized(e, t)
		}), this.stage.show(this.image.surface, "img");
	}
	tick() {
		if (this.image) return;
		let e = this.measure();
		this.delays = [], this.stage.measured(e), ++this.ticks % Bn === 0 && this.connected && this.sendStats(e), this.isTooSlow(e) && this.fallBack("webcodecs", "This machine is too slow for it."), this.report();
	}
	measure() {
		let e = b();
		return {
			delayMs: this.delayMs(e),
			errorMs: this.clock.errorMs(e),
			bufferMs: this.renderer?.bufferMs() ?? 0,
			soundMs: this.sound.behindMs,
			shown: this.shown,
			dropped: this.dropped
		};
	}
	delayMs(e) {
		if (this.delays.length > 0) return this.delays.sort((e, t) => e - t)[this.delays.length >> 1];
		let t = this.clock.offsetMs(e);
		return this.lastMs === null || t === null || this.past ? null : e + t - this.lastCaptureMs;
	}
	isTooSlow({ bufferMs: e }) {
		let t = this.wanted === "auto" && !this.past && this.rendering === "webcodecs" && this.ladder.offers("mse", this.begun);
		return this.slowTicks = t && e > Hn ? this.slowTicks + 1 : 0, this.slowTicks >= Un;
	}
	sendStats({ shown: e, dropped: t, bufferMs: n, delayMs: r }) {
		let i = {
			shown: e,
			dropped: t,
			bufferMs: Math.round(n),
			latencyMs: Math.round(r ?? 0)
		};
		this.connection?.send({
			type: "stats",
			...i
		});
	}
	report() {
		this.image && this.ticking !== void 0 || this.stage.say(An({
			running: this.ticking !== void 0,
			connected: this.connected,
			shown: this.shownYet,
			quietMs: this.lastMs === null ? null : b() - this.lastMs,
			intervalMs: this.intervalMs,
			past: this.past,
			camera: this.camera?.camera ?? null,
			cameraMessage: this.camera?.message ?? "",
			trouble: this.problem
		}));
	}
}, Gn = "\n:host {\n  display: block; position: relative; overflow: hidden; contain: content;\n  aspect-ratio: var(--framegate-aspect, 16 / 9); min-height: 3rem;\n  background: var(--framegate-background, #0b0d10); color: #fff;\n  font: 0.875rem/1.35 system-ui, -apple-system, \"Segoe UI\", Roboto, \"Noto Sans\", sans-serif;\n}\n:host([hidden]) { display: none; }\n[hidden] { display: none !important; }\n.picture, .picture > * { position: absolute; inset: 0; width: 100%; height: 100%; }\n.picture > * { object-fit: var(--framegate-fit, contain); border: 0; }\n.poster { opacity: 1; transition: opacity 120ms; }\n.pictured .poster { opacity: 0; pointer-events: none; }\n.stale .picture { filter: saturate(0.4) brightness(0.7); }\n.bar {\n  position: absolute; inset: auto 0 0 0; padding: 0.5rem;\n  display: flex; flex-wrap: wrap; align-items: center; gap: 0.375rem;\n}\n.chip, button {\n  max-width: 100%; padding: 0.2rem 0.55rem; border: 1px solid var(--line); border-radius: 0.5rem;\n  background: var(--chip); color: var(--ink); overflow-wrap: anywhere; font: inherit;\n}\n:host { --chip: rgb(255 255 255 / 0.9); --ink: #1a1d23; --line: rgb(0 0 0 / 0.15); --focus: #2563c9; }\n@media (prefers-color-scheme: dark) {\n  :host { --chip: rgb(17 20 24 / 0.88); --ink: #e8eaee; --line: rgb(255 255 255 / 0.18); --focus: #7fb0ff; }\n}\n.live .state { position: absolute; width: 1px; height: 1px; padding: 0; overflow: hidden; clip-path: inset(50%); border: 0; }\n.delay { margin-inline-start: auto; font-variant-numeric: tabular-nums; }\nbutton { min-height: 2rem; cursor: pointer; }\n.mute { display: flex; align-items: center; padding: 0 0.4rem; margin-inline-start: auto; }\n.delay:not([hidden]) ~ .mute, input:not([hidden]) + .mute { margin-inline-start: 0; }\n.mute svg { width: 1.25rem; height: 1.25rem; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; }\n.mute .body { fill: currentColor; stroke-linejoin: round; }\n.mute:not(.silent) .stroke, .mute.silent .waves { display: none; }\ninput { width: 5rem; height: 2rem; margin: 0; margin-inline-start: auto; accent-color: var(--focus); }\n.delay:not([hidden]) ~ input { margin-inline-start: 0; }\nbutton:focus-visible, input:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }\n@media (prefers-reduced-motion: reduce) { .poster { transition: none; } }\n@media (forced-colors: active) { .chip, button { border-color: CanvasText; } }\n", X;
function Kn() {
	return X || (X = new CSSStyleSheet(), X.replaceSync(Gn)), X;
}
// player/view.ts
var qn = class {
	poster = document.createElement("img");
	tile = Z("div", "tile");
	picture = Z("div", "picture");
	bar = Z("div", "bar");
	state = Z("span", "chip state");
	delay = Z("span", "chip delay");
	button = document.createElement("button");
	mute = document.createElement("button");
	loudspeaker = Yn();
	note = Z("span", "chip");
	volume = document.createElement("input");
	muted = !0;
	sound = {
		offered: !1,
		message: ""
	};
	surface = null;
	before = null;
	constructor(e, t) {
		e.adoptedStyleSheets = [Kn()], this.picture.setAttribute("role", "img"), this.picture.setAttribute("part", "picture"), this.label(""), this.poster.className = "poster", this.poster.setAttribute("part", "poster"), this.poster.alt = "", this.poster.hidden = !0, this.bar.setAttribute("part", "bar"), this.state.setAttribute("part", "state"), this.state.setAttribute("role", "status"), this.delay.setAttribute("part", "delay"), this.delay.hidden = !0, this.button.type = "button", this.button.setAttribute("part", "retry"), this.button.textContent = "Try again", this.button.hidden = !0, this.button.addEventListener("click", t.retry), this.setUpSound(t), this.picture.append(this.poster), this.bar.append(this.state, this.button, this.note, this.delay, this.volume, this.mute), this.tile.append(this.picture, this.bar), e.append(this.tile);
	}
	setUpSound({ mute: e, volume: t }) {
		this.note.setAttribute("part", "note"), this.note.setAttribute("role", "status"), this.mute.type = "button", this.mute.className = "mute", this.mute.setAttribute("part", "mute"), this.mute.append(this.loudspeaker), this.mute.addEventListener("click", e), this.volume.type = "range", this.volume.max = "1", this.volume.step = "0.05", this.volume.setAttribute("part", "volume"), this.volume.setAttribute("aria-label", "Volume"), this.volume.addEventListener("input", () => t(this.volume.valueAsNumber)), this.loudness(!0, 1);
	}
	label(e) {
		this.picture.setAttribute("aria-label", e || "Live picture");
	}
	show(e) {
		this.before ? this.surface?.remove() : this.before = this.surface, this.surface = e, e.setAttribute("part", "surface"), this.picture.prepend(e), this.before || this.tile.classList.remove("pictured");
	}
	clear() {
		this.surface?.remove(), this.before?.remove(), this.surface = this.before = null, this.tile.classList.remove("pictured");
	}
	posted(e) {
		this.poster.hidden = !e;
	}
	pictured() {
		this.before?.remove(), this.before = null, this.tile.classList.add("pictured");
	}
	say({ state: e, words: t }) {
		this.state.textContent !== t && (this.state.textContent = t), this.tile.classList.toggle("live", e === "live"), this.tile.classList.toggle("stale", e !== "live" && e !== "playback" && e !== "idle"), this.button.hidden = e !== "error";
	}
	sounds({ available: e, codec: t, message: n }) {
		this.sound = {
			offered: e || t !== null,
			message: n
		}, this.arrange();
	}
	loudness(e, t) {
		this.muted = e, this.volume.value = String(t), this.arrange();
	}
	arrange() {
		let { muted: e, sound: t } = this;
		this.mute.hidden = !t.offered, this.volume.hidden = !t.offered || e, this.mute.setAttribute("aria-label", e ? "Turn the sound on" : "Turn the sound off"), this.mute.classList.toggle("silent", e), this.note.hidden = !t.offered || t.message === "", this.note.textContent !== t.message && (this.note.textContent = t.message);
	}
	delayed(e) {
		this.delay.hidden = e === null, this.delay.textContent = e === null ? "" : Pn(e);
	}
};
function Z(e, t) {
	let n = document.createElement(e);
	return n.className = t, n;
}
var Jn = "http://www.w3.org/2000/svg";
function Yn() {
	let e = document.createElementNS(Jn, "svg");
	e.setAttribute("viewBox", "0 0 24 24"), e.setAttribute("aria-hidden", "true");
	for (let [t, n] of Object.entries({
		body: "M4 9v6h4l5 4V5L8 9z",
		waves: "M16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11",
		stroke: "M16 9l6 6M22 9l-6 6"
	})) {
		let r = document.createElementNS(Jn, "path");
		r.setAttribute("class", t), r.setAttribute("d", n), e.append(r);
	}
	return e;
}
// player/element.ts
var Xn = "100px", Zn = 500, Qn = 150, Q = {
	available: !1,
	codec: null,
	rate: 0,
	channels: 0,
	message: ""
}, $ = class extends HTMLElement {
	static observedAttributes = [
		"src",
		"mode",
		"width",
		"height",
		"fps",
		"quality",
		"poster",
		"label",
		"delay",
		"muted",
		"volume"
	];
	#e = new qn(this.attachShadow({ mode: "open" }), {
		retry: () => this.retry(),
		mute: () => this.muted = !this.muted,
		volume: (e) => this.volume = e
	});
	#t = new IntersectionObserver((e) => this.#C(e), { rootMargin: Xn });
	#n = null;
	#r = null;
	#i = !1;
	#a = !1;
	#o = !1;
	#s;
	#c = {
		state: "idle",
		words: ""
	};
	#l = null;
	#u = null;
	#d = null;
	#f = null;
	#p = !0;
	#m = 1;
	#h = Q;
	get state() {
		return this.#c.state;
	}
	get words() {
		return this.#c.words;
	}
	get delayMs() {
		return this.#l?.delayMs ?? null;
	}
	get measure() {
		return this.#l;
	}
	get activeMode() {
		return this.#u;
	}
	get surface() {
		return this.#d;
	}
	get time() {
		return this.#n?.takenMs ? new Date(this.#n.takenMs) : null;
	}
	get past() {
		return this.#f;
	}
	get sound() {
		return this.#h;
	}
	get muted() {
		return this.#p;
	}
	set muted(e) {
		this.#p !== !!e && (this.#p = !!e, this.#v(), this.#n?.setMuted(this.#p));
	}
	get volume() {
		return this.#m;
	}
	set volume(e) {
		if (!(e >= 0 && e <= 1)) throw RangeError(`a volume of ${e}; it is 0 to 1`);
		this.#m !== e && (this.#m = Number(e), this.#n?.setVolume(this.#m), this.#v());
	}
	get rate() {
		return this.#f?.rate ?? 1;
	}
	set rate(e) {
		this.#n?.setRate(e);
	}
	seek(e) {
		let t = new Date(e).getTime();
		if (Number.isNaN(t)) throw RangeError(`${String(e)} is no time`);
		this.#n?.seek(t);
	}
	pause() {
		this.#n?.pause();
	}
	live() {
		this.#n?.live();
	}
	retry() {
		this.#n?.retryNow();
	}
	connectedCallback() {
		document.addEventListener("visibilitychange", this.#w), window.addEventListener("online", this.#T), this.#t.observe(this), this.#i = !0, this.#b();
	}
	disconnectedCallback() {
		document.removeEventListener("visibilitychange", this.#w), window.removeEventListener("online", this.#T), this.#t.disconnect(), this.#i = !1, this.#o = !1, this.#x();
	}
	attributeChangedCallback(e, t, n) {
		e === "muted" ? this.muted = n !== "false" : e === "volume" ? this.volume = $n(n) : e === "label" ? this.#e.label(this.getAttribute("label") ?? "") : e === "delay" ? this.#y() : !this.#a && this.#i && (this.#a = !0, queueMicrotask(() => {
			this.#a = !1, this.#i && this.#b();
		}));
	}
	#g = {
		show: (e, t) => {
			this.#d = e, this.#u = t, this.#e.show(e), this.#_("mode", { mode: t });
		},
		pictured: () => {
			this.#r?.abort(), this.#e.pictured();
		},
		say: (e) => {
			(e.state !== this.#c.state || e.words !== this.#c.words) && (this.#c = e, this.#e.say(e), this.#_("state", { ...e }));
		},
		sized: (e, t) => this.#_("size", {
			width: e,
			height: t
		}),
		measured: (e) => {
			this.#l = e, this.#y(), this.#_("delay", { ...e });
		},
		played: (e) => {
			this.#f = e, this.#_("playback", { past: e });
		},
		sounds: (e) => {
			this.#h = e, this.#e.sounds(e), this.#_("sound", { ...e });
		},
		muted: () => this.muted = !0,
		trouble: (e, t) => this.#_("error", {
			code: e,
			message: t
		})
	};
	#_(e, t) {
		this.dispatchEvent(new CustomEvent(`framegate-${e}`, { detail: t }));
	}
	#v() {
		this.#e.loudness(this.#p, this.#m), this.dispatchEvent(new Event("volumechange"));
	}
	#y() {
		this.#e.delayed(this.hasAttribute("delay") ? this.delayMs : null);
	}
	#b() {
		this.#x();
		let e = this.#S();
		if (!e) return;
		let t = this.getAttribute("mode") ?? "";
		this.#n = new Wn(e, ee(t) ? t : "auto", this.#g), this.#n.setVolume(this.#m), this.#n.setMuted(this.#p), this.#w();
	}
	#x() {
		clearTimeout(this.#s), this.#r?.abort(), this.#n?.close(), this.#n = null, this.#l = this.#f = null, this.#d = this.#u = null, this.#e.clear(), this.#e.posted(!1), this.#h !== Q && this.#g.sounds(Q), this.#y();
	}
	#S() {
		let t = this.getAttribute("src");
		if (!t) return null;
		let [n = null, r = null, i = null, a = null] = er.map((e) => this.getAttribute(e));
		try {
			return new e(t, document.baseURI, {
				width: n,
				height: r,
				fps: i,
				quality: a
			});
		} catch (e) {
			return this.#g.say({
				state: "error",
				words: e.message
			}), null;
		}
	}
	#C(e) {
		this.#o = e.at(-1)?.isIntersecting ?? !1, this.#w();
	}
	#w = () => {
		clearTimeout(this.#s), this.#o && document.visibilityState === "visible" ? this.#E() : this.#s = setTimeout(() => this.#D(), Zn);
	};
	#T = () => this.#n?.retryNow();
	#E() {
		this.#n && (this.#n.start(), this.state !== "live" && this.#O());
	}
	#D() {
		this.#r?.abort(), this.#n?.stop();
	}
	async #O() {
		let e = this.getAttribute("poster");
		this.#r?.abort();
		let { signal: t } = this.#r = new AbortController();
		if (e === "none") return;
		e === null && await new Promise((e) => setTimeout(e, Qn));
		let n = e === null ? this.#S()?.still() : new URL(e, document.baseURI);
		n && !t.aborted && this.#e.posted(await wt(this.#e.poster, n, t));
	}
};
function $n(e) {
	let t = e === null || e.trim() === "" ? 1 : Number(e);
	return Number.isNaN(t) ? 1 : Math.min(1, Math.max(0, t));
}
var er = [
	"width",
	"height",
	"fps",
	"quality"
];
for (let e of [
	"src",
	"mode",
	...er,
	"poster",
	"label"
]) Object.defineProperty($.prototype, e, {
	configurable: !0,
	enumerable: !0,
	get() {
		return this.getAttribute(e) ?? "";
	},
	set(t) {
		this.setAttribute(e, String(t));
	}
});
Object.defineProperty($.prototype, "delay", {
	configurable: !0,
	enumerable: !0,
	get() {
		return this.hasAttribute("delay");
	},
	set(e) {
		this.toggleAttribute("delay", !!e);
	}
}), customElements.get("framegate-player") || customElements.define("framegate-player", $);
export { $ as FramegatePlayer };
