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
	let e = (e) => c()?.isTypeSupported(e) ?? !1;
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
	return a ??= Promise.race([ee(), new Promise((e) => setTimeout(e, s))]);
}
var s = 1e3;
async function ee() {
	if (typeof VideoDecoder == "function") try {
		let { supported: e } = await VideoDecoder.isConfigSupported({
			codec: n,
			optimizeForLatency: !0
		});
		i = e ?? !1;
	} catch {}
}
function c() {
	let e = globalThis.ManagedMediaSource;
	return globalThis.MediaSource ?? e;
}
function te(e) {
	return e === "mse" || e === "webcodecs" || e === "jpeg" || e === "img";
}
var l = [
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
], ne = class {
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
		for (let n of l) n.mode === e && n.codec === t && this.failed.add(n);
	}
	ways() {
		let e = this.has();
		return l.filter((t) => {
			let { mode: n, codec: r } = t;
			return this.wanted !== "auto" && n !== this.wanted ? !1 : r === "h265" ? !this.failed.has(t) && (n === "mse" || n === "webcodecs") && e.h265[n] : this.wanted !== "auto" || n === "img" || e[n] && !this.failed.has(t);
		});
	}
}, u = class {
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
}, d = class extends Error {};
function f(e) {
	let t = h(e, ["moov", "trak"]), n = h(t, [
		"mdia",
		"minf",
		"stbl",
		"stsd"
	]).subarray(8), r = g(n, "hvc1"), i = r ?? h(n, ["avc1"], ["avc3"]), a = _(i, 78), o = h(i.subarray(78), [r ? "hvcC" : "avcC"]);
	if (o.length < (r ? 23 : 7) || o[0] !== 1) throw new d("a bad decoder configuration");
	return {
		config: o.slice(),
		codec: r ? re(o) : "avc1." + [...o.subarray(1, 4)].map((e) => p(e).padStart(2, "0")).join(""),
		width: a.getUint16(24),
		height: a.getUint16(26),
		timescale: m(h(t, ["mdia", "mdhd"]))
	};
}
var p = (e) => e.toString(16);
function re(e) {
	let t = e[1], n = [
		"",
		"A",
		"B",
		"C"
	][t >> 6], r = 0;
	for (let t = _(e, 6).getUint32(2), n = 0; n < 32; n++) r = r * 2 + (t >>> n & 1);
	let i = [...e.subarray(6, 12)];
	for (; i.at(-1) === 0;) i.pop();
	let a = t & 32 ? "H" : "L";
	return "hvc1." + [
		`${n}${t & 31}`,
		p(r),
		`${a}${e[12]}`,
		...i.map(p)
	].join(".").toUpperCase();
}
function m(e) {
	let t = _(e, 24), n = t.getUint8(0) === 1 ? t.getUint32(20) : t.getUint32(12);
	if (n === 0) throw new d("a timescale of 0");
	return n;
}
var ie = 1, ae = 2, oe = 8, se = 1, ce = 4, le = 256, ue = 512, de = 1024, fe = 2048;
function pe(e) {
	let t = h(e, ["moof", "traf"]), n = _(h(t, ["tfdt"]), 8), r = n.getUint8(0) === 1 ? Number(_(h(t, ["tfdt"]), 12).getBigUint64(4)) : n.getUint32(4), i = h(t, ["trun"]), a = me(i), o = a.duration ?? he(h(t, ["tfhd"])), s = a.durationAt < 0 ? -1 : i.byteOffset - e.byteOffset + a.durationAt;
	return {
		decodeTime: r,
		composition: a.composition,
		duration: o,
		durationAt: s
	};
}
function me(e) {
	let t = _(e, 8).getUint32(0) & 16777215, n = 8;
	t & se && (n += 4), t & ce && (n += 4);
	let r = null, i = -1;
	t & le && (r = _(e, n + 4).getUint32(n), i = n, n += 4), t & ue && (n += 4), t & de && (n += 4);
	let a = t & fe ? _(e, n + 4).getInt32(n) : 0;
	return {
		duration: r,
		durationAt: i,
		composition: a
	};
}
function he(e) {
	let t = _(e, 8).getUint32(0) & 16777215;
	if (!(t & oe)) return 0;
	let n = 8 + (t & ie ? 8 : 0) + (t & ae ? 4 : 0);
	return _(e, n + 4).getUint32(n);
}
function h(e, t, n) {
	let r = e;
	for (let i of t) if (r = g(r, i), !r) {
		if (n) return h(e, n);
		throw new d(`no ${i} box`);
	}
	return r;
}
function g(e, t) {
	let n = _(e, 0);
	for (let r = 0; r + 8 <= e.length;) {
		let i = n.getUint32(r), a = 8;
		if (i === 1) {
			if (r + 16 > e.length) throw new d("a box that is cut off");
			i = Number(n.getBigUint64(r + 8)), a = 16;
		}
		if (i === 0 && (i = e.length - r), i < a || i > e.length - r) throw new d(`a box of ${i} bytes where ${e.length - r} are left`);
		if (String.fromCharCode(...e.subarray(r + 4, r + 8)) === t) return e.subarray(r + a, r + i);
		r += i;
	}
	return null;
}
function _(e, t) {
	if (e.length < t) throw new d(`a box of ${e.length} bytes where ${t} are needed`);
	return new DataView(e.buffer, e.byteOffset, e.byteLength);
}
// player/clock.ts
function v() {
	return performance.timeOrigin + performance.now();
}
var ge = 12, _e = 1e-4, ve = class {
	samples = [];
	note(e, t, n) {
		let r = t - e;
		r >= 0 && (this.samples.push({
			offsetMs: n - (e + t) / 2,
			roundTripMs: r,
			atMs: t
		}), this.samples.length > ge && this.samples.shift());
	}
	reset() {
		this.samples = [];
	}
	offsetMs(e) {
		return this.best(e)?.offsetMs ?? null;
	}
	errorMs(e) {
		let t = this.best(e);
		return t && y(t, e);
	}
	best(e) {
		let t = null;
		for (let n of this.samples) (!t || y(n, e) < y(t, e)) && (t = n);
		return t;
	}
};
function y(e, t) {
	return e.roundTripMs / 2 + (t - e.atMs) * _e;
}
// player/decoders.ts
var b = 30, x = 16, S = 3, C = 1e4, w = class {
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
		if (!e.backlog && !e.key && this.liveInside() > b && this.restart(), this.needsKey && !e.key) {
			this.sink.dropped(1);
			return;
		}
		this.needsKey = !1;
		let t = this.decoder ??= this.open(this.config), n = this.count++;
		this.inside.set(n, {
			...e,
			bytes: T
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
		this.inside.delete(e.timestamp), this.giveUp(e.timestamp - x), t && (t.key || !t.backlog) ? this.sink.decoded(e, t) : e.close();
	}
	giveUp(e) {
		for (let [t, { backlog: n }] of this.inside) {
			if (t >= e) return;
			this.inside.delete(t), n || this.sink.dropped(1);
		}
	}
	failed(e) {
		let t = performance.now();
		this.errors = [...this.errors.filter((e) => e > t - C), t], e.name === "NotSupportedError" || this.errors.length > S ? this.sink.failed(e) : this.restart();
	}
	restart() {
		this.close(), this.needsKey = !0;
	}
	liveInside() {
		let e = 0;
		for (let t of this.inside.values()) t.backlog || e++;
		return e;
	}
}, T = /* @__PURE__ */ new Uint8Array(), E = class {
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
}, D = class {
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
		this.decoder = e === "jpeg" ? new E(t) : new w(t);
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
			drawnMs: v()
		};
	}
	refreshed(e) {
		if (this.closed || !this.drawn) return;
		let { captureMs: t, drawnMs: n } = this.drawn, r = performance.timeOrigin + e, i = Math.max(n, r < n ? r + O : r);
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
}, O = 1e3 / 60, k = class {
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
			let { codec: t, config: n } = f(e.payload);
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
		let e = await N();
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
		let e = new D(this.surface, (e) => this.reported(e));
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
}, A = "framegate-player-worker.js", j = 3e3, M;
function N() {
	return M ??= new Promise((e) => {
		let t;
		try {
			t = new Worker(new URL(A, import.meta.url), {
				type: "module",
				name: "framegate-player"
			});
		} catch {
			e(null);
			return;
		}
		let n = setTimeout(() => (t.terminate(), e(null)), j);
		t.onerror = () => (clearTimeout(n), e(null)), t.onmessage = () => (clearTimeout(n), e(t));
	});
}
// player/protocol.ts
var P = "framegate.v1", F = 1, I = 1, ye = 2, be = 1, xe = 2, Se = 4, L = class extends Error {};
function Ce(e) {
	if (e.byteLength <= 32) throw new L(`a message of ${e.byteLength} bytes`);
	let t = new DataView(e);
	if (t.getUint8(0) !== F) throw new L(`version ${t.getUint8(0)} of the protocol`);
	let n = t.getUint8(1);
	if (n !== I && n !== ye) throw new L(`a message of kind ${n}`);
	let r = t.getUint16(2), i = new Uint8Array(e, 32), a = t.getUint32(24);
	if (a >= i.length) throw new L(`an access unit at ${a} of ${i.length} bytes`);
	return {
		kind: n === I ? "init" : "frame",
		key: (r & be) !== 0,
		backlog: (r & xe) !== 0,
		discontinuity: (r & Se) !== 0,
		epoch: t.getUint32(4),
		captureMs: Number(t.getBigUint64(8)) / 1e3,
		seq: Number(t.getBigUint64(16)),
		payload: i,
		unitOffset: a
	};
}
function we(e) {
	let t = Te(e);
	switch (t.type) {
		case "hello": return {
			type: "hello",
			epoch: R(t, "epoch"),
			codec: De(t),
			mime: z(t, "mime"),
			width: R(t, "width"),
			height: R(t, "height"),
			fps: R(t, "fps")
		};
		case "drop": return {
			type: "drop",
			frames: R(t, "frames"),
			reason: z(t, "reason")
		};
		case "state": return {
			type: "state",
			camera: Oe(t),
			code: R(t, "code"),
			message: z(t, "message")
		};
		case "error": return {
			type: "error",
			code: R(t, "code"),
			message: z(t, "message")
		};
		case "playback": return {
			type: "playback",
			live: t.live === !0,
			rate: R(t, "rate"),
			paused: t.paused === !0,
			end: t.end === !0,
			code: R(t, "code"),
			message: z(t, "message")
		};
		case "pong": return {
			type: "pong",
			c: R(t, "c"),
			serverTimeUs: R(t, "serverTimeUs")
		};
		default: return null;
	}
}
function Te(e) {
	let t;
	try {
		t = JSON.parse(e);
	} catch {
		throw new L("a text message that is not JSON");
	}
	if (typeof t != "object" || !t || Array.isArray(t)) throw new L("a text message that is not an object");
	return t;
}
function R(e, t) {
	let n = e[t] ?? 0;
	if (typeof n != "number" || !Number.isFinite(n)) throw new L(`${t} is not a number`);
	return n;
}
var Ee = 1e3;
function z(e, t) {
	let n = e[t] ?? "";
	if (typeof n != "string") throw new L(`${t} is not a string`);
	return n.slice(0, Ee);
}
function De(e) {
	let t = e.codec;
	if (t !== "h265" && t !== "h264" && t !== "jpeg") throw new L(`codec ${String(t)}`);
	return t;
}
function Oe(e) {
	let t = e.camera;
	if (t !== "online" && t !== "offline" && t !== "connecting") throw new L(`a camera that is ${String(t)}`);
	return t;
}
// player/connection.ts
var ke = 1e4, B = 1e4, Ae = 6, je = 150, Me = 4e3, Ne = class {
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
		this.codecs = t, this.clock = n, this.events = r, this.socket = new WebSocket(e, P), this.socket.binaryType = "arraybuffer", this.socket.onopen = () => this.open(), this.socket.onmessage = (e) => this.receive(e.data), this.socket.onclose = ({ reason: e }) => this.end(e), this.watch(ke);
	}
	send(e) {
		this.greeted && this.socket.readyState === WebSocket.OPEN && this.socket.send(JSON.stringify(e));
	}
	close() {
		this.over = !0, clearTimeout(this.watchdog), clearTimeout(this.pinging), this.socket.close(1e3);
	}
	open() {
		this.over || (this.opened = !0, this.watch(B), this.hello());
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
			c: v()
		}), this.pings++, this.pinging = setTimeout(() => this.ping(), this.pings < Ae ? je : Me);
	}
	receive(e) {
		if (this.over) return;
		let t = v();
		this.watch(B);
		try {
			if (typeof e != "string") {
				this.events.packet(Ce(e));
				return;
			}
			let n = we(e);
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
}, Pe = 500, Fe = class {
	url;
	events;
	surface = document.createElement("img");
	backoff = new u(1e3, 15e3);
	retry;
	looking;
	size = "";
	constructor(e, t) {
		this.url = e, this.events = t, this.surface.alt = "", this.surface.addEventListener("error", () => this.broken()), this.looking = setInterval(() => this.look(), Pe), this.load();
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
}, V = .04, H = .6, Ie = .35, Le = .94, Re = 1.25, ze = 3, Be = .008, Ve = .02, He = .04, Ue = 500, We = .1, Ge = class {
	jumpOnly;
	samples = [];
	rate = 1;
	constructor(e = !1) {
		this.jumpOnly = e;
	}
	arrived(e) {
		let t = e.newestS - e.currentS;
		for (t - (this.samples.at(-1)?.leadS ?? t) > We && (this.samples = []), this.samples.push({
			atMs: e.nowMs,
			leadS: t
		}); this.samples[0].atMs < e.nowMs - Ue;) this.samples.shift();
		return this.decide(e);
	}
	decide(e) {
		let t = e.seeking ? Ke(e) : this.where(e);
		return t === null ? this.jumpOnly || (this.rate = this.pace()) : (this.samples = [], this.rate = 1), {
			rate: this.rate,
			seekS: t
		};
	}
	where({ currentS: e, newestS: t, ranges: n }) {
		let r = n.at(-1);
		if (!r) return null;
		let i = Math.max(r[0], t - V), a = Math.min(...this.samples.map((e) => e.leadS));
		if (this.samples.length > 0 && a > (this.jumpOnly ? Ie : H) || e > r[1] + H) return i;
		if (n.some(([t, n]) => t <= e && e < n - He)) return null;
		let o = n.find(([t]) => t > e);
		return o ? o[0] : null;
	}
	pace() {
		if (this.samples.length === 0) return this.rate;
		let e = Math.min(...this.samples.map((e) => e.leadS)) - V;
		if (Math.abs(e) < (this.rate === 1 ? Ve : Be)) return 1;
		let t = Math.min(Re, Math.max(Le, 1 + ze * e));
		return Math.round(t * 100) / 100;
	}
};
function Ke({ currentS: e, ranges: t }) {
	return t.some(([t, n]) => t <= e && e < n) ? null : t.find(([t]) => t > e)?.[0] ?? null;
}
// player/timeline.ts
var qe = 3, Je = .15, Ye = 3, Xe = class {
	offsetS = null;
	endS = 0;
	usualS = 0;
	pauses = 0;
	place(e, t, n) {
		let r = e.decodeTime / t;
		if (this.offsetS === null && !n) return null;
		(this.offsetS === null || Math.abs(r + this.offsetS - this.endS) > Ze) && (this.offsetS = this.endS - r);
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
		let t = this.usualS > 0 && e > Math.max(qe * this.usualS, this.usualS + Je);
		return t && ++this.pauses < Ye ? this.usualS : (this.pauses = 0, this.usualS = this.usualS === 0 || t ? e : this.usualS + (e - this.usualS) / 8, e);
	}
}, Ze = .001, U = 2048, Qe = class {
	pictures = [];
	latestS = null;
	add(e, t, n) {
		this.latestS = Math.max(e, this.latestS ?? e), this.pictures.push({
			startS: e,
			captureMs: t,
			key: n
		}), this.pictures.length >= 2 * U && this.pictures.splice(0, U);
	}
	captureMs(e) {
		let t = null;
		for (let n = this.pictures.length - 1; n >= 0; n--) {
			let r = this.pictures[n];
			if ((!t || Math.abs(r.startS - e) < Math.abs(t.startS - e)) && (t = r), r.startS < e - 1) break;
		}
		return t && Math.abs(t.startS - e) < $e ? t.captureMs : null;
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
}, $e = .005, et = 32 << 20, tt = 4, nt = .001, rt = 1e7, it = 250, at = class {
	events;
	surface = document.createElement("video");
	source;
	url;
	buffer = null;
	mime = "";
	track = new Xe();
	captures = new Qe();
	follower = new Ge(ct());
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
		let t = c();
		if (!t) throw Error("This browser has no Media Source Extensions.");
		this.source = new t(), this.source.addEventListener("sourceopen", () => this.opened()), this.source.addEventListener("startstreaming", () => this.pump()), this.url = URL.createObjectURL(this.source), this.setUp(this.surface), this.checking = setInterval(() => this.check(), it);
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
		"setLiveSeekableRange" in this.source && this.source.setLiveSeekableRange(0, rt), this.pump();
	}
	takeInit(e) {
		this.init = f(e.payload), this.track.cut();
		let t = `video/mp4; codecs="${this.init.codec}"`;
		c()?.isTypeSupported(t) ? this.queue({
			mime: t,
			bytes: e.payload
		}) : this.fail(/* @__PURE__ */ Error(`This browser does not play ${this.init.codec}.`));
	}
	takeFrame(e, t) {
		e.discontinuity && this.track.cut();
		let n = pe(e.payload), r = this.track.place(n, t.timescale, e.key);
		if (!r) {
			this.events.dropped(1);
			return;
		}
		r.duration !== n.duration && ot(e.payload, n, r.duration), this.captures.add(r.startS, e.captureMs, e.key), this.firstS ??= r.startS;
		let i = this.waiting.at(-1);
		i && "fragments" in i && i.offsetS === r.offsetS ? (i.fragments.push(e.payload), this.waitingBytes += e.payload.length) : this.queue({
			offsetS: r.offsetS,
			fragments: [e.payload]
		}), e.backlog || (this.present = !0), this.pump();
	}
	queue(e) {
		this.waiting.push(e), this.waitingBytes += "fragments" in e ? e.fragments[0].length : e.bytes.length, this.waitingBytes <= et || (this.wantsMore() ? this.fail(/* @__PURE__ */ Error("The browser has stopped taking pictures.")) : this.skip());
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
		let n = e.fragments.length === 1 ? e.fragments[0] : st(e.fragments);
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
		return this.joining ? e === null || this.firstS === null || this.surface.readyState === HTMLMediaElement.HAVE_NOTHING ? !1 : (this.joining = !1, this.surface.currentTime = Math.max(this.firstS, e - V), this.surface.play().catch((e) => {
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
			nowMs: v(),
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
		e !== null && t.length > 0 && t.start(0) < e - tt && this.evictBefore(e);
	}
	evictBefore(e) {
		let t = this.buffer, n = e - nt;
		return !t || t.updating || t.buffered.length === 0 || t.buffered.start(0) >= n ? !1 : (t.remove(0, n), !0);
	}
	fail(e) {
		this.closed || (this.close(), this.events.failed(e));
	}
};
function ot(e, t, n) {
	new DataView(e.buffer, e.byteOffset).setUint32(t.durationAt, n);
}
function st(e) {
	let t = new Uint8Array(e.reduce((e, t) => e + t.length, 0)), n = 0;
	for (let r of e) t.set(r, n), n += r.length;
	return t;
}
function ct() {
	return navigator.vendor.startsWith("Apple");
}
// player/posters.ts
var lt = 2, W = 4e3, G = 0, K = [];
async function ut(e, t, n) {
	for (; G >= lt && !n.aborted;) await new Promise((e) => {
		K.push(e), n.addEventListener("abort", () => e(), { once: !0 });
	});
	if (n.aborted) return K.shift()?.(), !1;
	G++;
	let r = await q(e, t, n);
	return G--, K.shift()?.(), r;
}
function q(e, t, n) {
	return new Promise((r) => {
		if (n.aborted) {
			r(!1);
			return;
		}
		let i = setTimeout(() => a(!1), W), a = (t) => {
			clearTimeout(i), e.onload = e.onerror = null, t || e.removeAttribute("src"), r(t);
		};
		n.addEventListener("abort", () => a(!1), { once: !0 }), e.onload = () => a(!0), e.onerror = () => a(!1), e.src = t.href;
	});
}
async function dt(e, t) {
	let n = new AbortController(), r = () => n.abort(), i = setTimeout(r, W);
	t.addEventListener("abort", r, { once: !0 });
	try {
		let t = await fetch(e, { signal: n.signal });
		return t.ok ? (await t.body?.cancel(), "") : ft(await t.text()) || `The server answers ${t.status}.`;
	} catch {
		return await q(new Image(), e, t) ? "" : null;
	} finally {
		clearTimeout(i), t.removeEventListener("abort", r);
	}
}
function ft(e) {
	return e.trim().split("\n")[0].slice(0, 200);
}
// player/status.ts
var pt = 2e3, mt = 5;
function ht(e) {
	if (!e.running) return {
		state: "idle",
		words: "Paused"
	};
	if (!e.connected) return _t(e);
	if (e.past) return {
		state: "playback",
		words: gt(e.past)
	};
	if (e.camera === "offline") return {
		state: "offline",
		words: J("Camera offline", e.cameraMessage)
	};
	if (e.quietMs !== null) {
		if (!(e.quietMs > Math.max(pt, mt * e.intervalMs))) return {
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
		words: J("Connecting to the camera…", e.cameraMessage)
	} : {
		state: "connecting",
		words: "Waiting for a picture…"
	};
}
function gt({ paused: e, end: t, message: n }) {
	return n ? J("No picture", n) : e ? "Recorded, paused" : t ? "End of the recording" : "Recorded";
}
function _t({ trouble: e, shown: t }) {
	return e ? {
		state: "error",
		words: e
	} : {
		state: "connecting",
		words: t ? "Connection lost. Trying again…" : "Connecting…"
	};
}
function J(e, t) {
	return t ? e.endsWith("…") ? `${e} ${t}` : `${e}: ${t}` : e;
}
var vt = [
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
function yt(e) {
	let t = Math.max(0, e);
	if (t < 999.5) return `${Math.round(t)} ms`;
	if (t < 9950) return `${(t / 1e3).toFixed(1)} s`;
	let n = {
		ms: 1e3,
		name: "s"
	};
	for (let e of vt) {
		if (Math.round(t / n.ms) * n.ms < 2 * e.ms) break;
		n = e;
	}
	return `${Math.round(t / n.ms)} ${n.name}`;
}
// player/player.ts
var bt = 250, xt = 5e3, St = 5e3, Ct = 5e3, Y = 500, wt = 4, Tt = 2, Et = 250, Dt = 4, Ot = class {
	address;
	wanted;
	stage;
	ladder;
	clock = new ve();
	backoff = new u(bt, xt);
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
	soughtMs = null;
	jumped = !1;
	shownYet = !1;
	delays = [];
	shown = 0;
	dropped = 0;
	closed = !1;
	constructor(e, t, n) {
		this.address = e, this.wanted = t, this.stage = n, this.ladder = new ne(t, r), o();
	}
	start() {
		this.ticking !== void 0 || this.closed || (this.ticking = setInterval(() => this.tick(), Y), this.backoff.reset(), this.shownYet = !1, this.problem = "", this.connect());
	}
	stop() {
		this.ticking !== void 0 && (this.halt(), this.renderer?.rest(), this.report());
	}
	retryNow() {
		this.ticking === void 0 || this.connected || (this.problem = "", this.backoff.reset(), this.disconnect(), this.connect());
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
		}, this.soughtMs = e, this.tell({
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
		}, this.tell({
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
		}, this.tell({ type: "pause" });
	}
	live() {
		this.past && (this.past = this.soughtMs = null, this.jumped = !0, this.tell({ type: "play" }), this.stage.played(null));
	}
	tell(e) {
		this.lastMs &&= v(), this.image && this.stage.trouble("playback", "Recordings cannot be shown this way."), this.connection?.send(e), this.report();
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
		if (e.live && this.past && e.code === 0) return;
		let { live: t, rate: n, paused: r, end: i } = e;
		this.past = t ? null : {
			rate: n,
			paused: r,
			end: i,
			message: e.message
		}, t && (this.soughtMs = null), this.jumped ||= t, e.code !== 0 && this.stage.trouble("playback", e.message), this.stage.played(this.past);
	}
	close() {
		this.halt(), this.closed = !0, this.renderer?.close(), this.renderer = null;
	}
	halt() {
		clearInterval(this.ticking), this.ticking = void 0, this.disconnect();
	}
	connect() {
		this.ladder.codecs().length === 0 ? this.showImage() : (this.clock.reset(), this.connection = new Ne(this.address.socket(), () => this.codecs(), this.clock, {
			opened: () => this.past && this.resume(this.past),
			message: (e) => this.receive(e),
			packet: (e) => this.take(e),
			closed: (e, t) => this.lost(e, t)
		}), this.report());
	}
	async codecs() {
		return await o(), this.ladder.codecs();
	}
	disconnect() {
		clearTimeout(this.retry), this.asking?.abort(), this.connection?.close(), this.connection = null, this.image?.close(), this.image = null, this.connected = !1, this.codec = null, this.camera = null, this.firstMs = this.lastMs = null, this.delays = [];
	}
	receive(e) {
		switch (this.connected = !0, e.type) {
			case "hello":
				this.problem = "", e.fps > 0 && (this.intervalMs = 1e3 / e.fps), (e.codec !== this.codec || this.past || this.jumped) && this.begin(e.codec), this.jumped = !1;
				break;
			case "state":
				this.camera = e;
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
		t ? (this.codec = this.begun = e, this.rendering === t && this.renderer || this.replaceRenderer(t), this.renderer?.begin(e)) : this.lost(!0, `The server sends ${e}, which cannot be shown here.`);
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
			this.renderer = e === "mse" ? new at(n) : new k(n);
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
		try {
			this.renderer?.take(e);
		} catch (e) {
			this.lost(!0, `The server sent ${e.message}.`);
		}
	}
	painted(e, t) {
		if (!this.connected) return;
		if (this.shown++, this.firstMs === null && this.firstPicture(t), this.lastMs = t, this.lastCaptureMs = e, this.past) {
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
		this.firstMs !== null && v() - this.firstMs > Ct && this.backoff.reset();
		let n = this.problem || (this.shownYet && e ? "" : t);
		this.disconnect(), this.problem = n, this.later(this.backoff.next()), e || this.explain(), this.report();
	}
	later(e) {
		clearTimeout(this.retry), this.retry = setTimeout(() => this.connect(), e);
	}
	async explain() {
		this.asking = new AbortController();
		let { signal: e } = this.asking, t = await dt(this.address.still(), e);
		e.aborted || (this.problem = t ?? "The server cannot be reached. Trying again…", t && this.later(St * (1 + Math.random())), t === "" && (this.problem = "The server is there, but no WebSocket comes through."), this.stage.trouble("unreachable", this.problem), t === "" && this.wanted === "auto" && this.backoff.count >= Tt && (this.disconnect(), this.showImage()), this.report());
	}
	showImage() {
		this.renderer?.close(), this.renderer = null, this.rendering = "img", this.image = new Fe(this.address.multipart(), {
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
		this.delays = [], this.stage.measured(e), ++this.ticks % wt === 0 && this.connected && this.sendStats(e), this.isTooSlow(e) && this.fallBack("webcodecs", "This machine is too slow for it."), this.report();
	}
	measure() {
		let e = v();
		return {
			delayMs: this.delayMs(e),
			errorMs: this.clock.errorMs(e),
			bufferMs: this.renderer?.bufferMs() ?? 0,
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
		return this.slowTicks = t && e > Et ? this.slowTicks + 1 : 0, this.slowTicks >= Dt;
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
		this.image && this.ticking !== void 0 || this.stage.say(ht({
			running: this.ticking !== void 0,
			connected: this.connected,
			shown: this.shownYet,
			quietMs: this.lastMs === null ? null : v() - this.lastMs,
			intervalMs: this.intervalMs,
			past: this.past,
			camera: this.camera?.camera ?? null,
			cameraMessage: this.camera?.message ?? "",
			trouble: this.problem
		}));
	}
}, kt = "\n:host {\n  display: block; position: relative; overflow: hidden; contain: content;\n  aspect-ratio: var(--framegate-aspect, 16 / 9); min-height: 3rem;\n  background: var(--framegate-background, #0b0d10); color: #fff;\n  font: 0.875rem/1.35 system-ui, -apple-system, \"Segoe UI\", Roboto, \"Noto Sans\", sans-serif;\n}\n:host([hidden]) { display: none; }\n[hidden] { display: none !important; }\n.picture, .picture > * { position: absolute; inset: 0; width: 100%; height: 100%; }\n.picture > * { object-fit: var(--framegate-fit, contain); border: 0; }\n.poster { opacity: 1; transition: opacity 120ms; }\n.pictured .poster { opacity: 0; pointer-events: none; }\n.stale .picture { filter: saturate(0.4) brightness(0.7); }\n.bar {\n  position: absolute; inset: auto 0 0 0; padding: 0.5rem;\n  display: flex; flex-wrap: wrap; align-items: center; gap: 0.375rem;\n}\n.chip, button {\n  max-width: 100%; padding: 0.2rem 0.55rem; border: 1px solid var(--line); border-radius: 0.5rem;\n  background: var(--chip); color: var(--ink); overflow-wrap: anywhere; font: inherit;\n}\n:host { --chip: rgb(255 255 255 / 0.9); --ink: #1a1d23; --line: rgb(0 0 0 / 0.15); --focus: #2563c9; }\n@media (prefers-color-scheme: dark) {\n  :host { --chip: rgb(17 20 24 / 0.88); --ink: #e8eaee; --line: rgb(255 255 255 / 0.18); --focus: #7fb0ff; }\n}\n.live .state { position: absolute; width: 1px; height: 1px; padding: 0; overflow: hidden; clip-path: inset(50%); border: 0; }\n.delay { margin-inline-start: auto; font-variant-numeric: tabular-nums; }\nbutton { min-height: 2rem; cursor: pointer; }\nbutton:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }\n@media (prefers-reduced-motion: reduce) { .poster { transition: none; } }\n@media (forced-colors: active) { .chip, button { border-color: CanvasText; } }\n", X;
function At() {
	return X || (X = new CSSStyleSheet(), X.replaceSync(kt)), X;
}
// player/view.ts
var jt = class {
	poster = document.createElement("img");
	tile = Z("div", "tile");
	picture = Z("div", "picture");
	bar = Z("div", "bar");
	state = Z("span", "chip state");
	delay = Z("span", "chip delay");
	button = document.createElement("button");
	surface = null;
	before = null;
	constructor(e, t) {
		e.adoptedStyleSheets = [At()], this.picture.setAttribute("role", "img"), this.picture.setAttribute("part", "picture"), this.label(""), this.poster.className = "poster", this.poster.setAttribute("part", "poster"), this.poster.alt = "", this.poster.hidden = !0, this.bar.setAttribute("part", "bar"), this.state.setAttribute("part", "state"), this.state.setAttribute("role", "status"), this.delay.setAttribute("part", "delay"), this.delay.hidden = !0, this.button.type = "button", this.button.setAttribute("part", "retry"), this.button.textContent = "Try again", this.button.hidden = !0, this.button.addEventListener("click", t), this.picture.append(this.poster), this.bar.append(this.state, this.button, this.delay), this.tile.append(this.picture, this.bar), e.append(this.tile);
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
	delayed(e) {
		this.delay.hidden = e === null, this.delay.textContent = e === null ? "" : yt(e);
	}
};
function Z(e, t) {
	let n = document.createElement(e);
	return n.className = t, n;
}
// player/element.ts
var Mt = "100px", Nt = 500, Pt = 150, Q = class extends HTMLElement {
	static observedAttributes = [
		"src",
		"mode",
		"width",
		"height",
		"fps",
		"quality",
		"poster",
		"label",
		"delay"
	];
	#e = new jt(this.attachShadow({ mode: "open" }), () => this.retry());
	#t = new IntersectionObserver((e) => this.#y(e), { rootMargin: Mt });
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
		document.addEventListener("visibilitychange", this.#b), window.addEventListener("online", this.#x), this.#t.observe(this), this.#i = !0, this.#g();
	}
	disconnectedCallback() {
		document.removeEventListener("visibilitychange", this.#b), window.removeEventListener("online", this.#x), this.#t.disconnect(), this.#i = !1, this.#o = !1, this.#_();
	}
	attributeChangedCallback(e) {
		e === "label" ? this.#e.label(this.getAttribute("label") ?? "") : e === "delay" ? this.#h() : !this.#a && this.#i && (this.#a = !0, queueMicrotask(() => {
			this.#a = !1, this.#i && this.#g();
		}));
	}
	#p = {
		show: (e, t) => {
			this.#d = e, this.#u = t, this.#e.show(e), this.#m("mode", { mode: t });
		},
		pictured: () => {
			this.#r?.abort(), this.#e.pictured();
		},
		say: (e) => {
			(e.state !== this.#c.state || e.words !== this.#c.words) && (this.#c = e, this.#e.say(e), this.#m("state", { ...e }));
		},
		sized: (e, t) => this.#m("size", {
			width: e,
			height: t
		}),
		measured: (e) => {
			this.#l = e, this.#h(), this.#m("delay", { ...e });
		},
		played: (e) => {
			this.#f = e, this.#m("playback", { past: e });
		},
		trouble: (e, t) => this.#m("error", {
			code: e,
			message: t
		})
	};
	#m(e, t) {
		this.dispatchEvent(new CustomEvent(`framegate-${e}`, { detail: t }));
	}
	#h() {
		this.#e.delayed(this.hasAttribute("delay") ? this.delayMs : null);
	}
	#g() {
		this.#_();
		let e = this.#v();
		if (!e) return;
		let t = this.getAttribute("mode") ?? "";
		this.#n = new Ot(e, te(t) ? t : "auto", this.#p), this.#b();
	}
	#_() {
		clearTimeout(this.#s), this.#r?.abort(), this.#n?.close(), this.#n = null, this.#l = this.#f = null, this.#d = this.#u = null, this.#e.clear(), this.#e.posted(!1), this.#h();
	}
	#v() {
		let t = this.getAttribute("src");
		if (!t) return null;
		let [n = null, r = null, i = null, a = null] = $.map((e) => this.getAttribute(e));
		try {
			return new e(t, document.baseURI, {
				width: n,
				height: r,
				fps: i,
				quality: a
			});
		} catch (e) {
			return this.#p.say({
				state: "error",
				words: e.message
			}), null;
		}
	}
	#y(e) {
		this.#o = e.at(-1)?.isIntersecting ?? !1, this.#b();
	}
	#b = () => {
		clearTimeout(this.#s), this.#o && document.visibilityState === "visible" ? this.#S() : this.#s = setTimeout(() => this.#C(), Nt);
	};
	#x = () => this.#n?.retryNow();
	#S() {
		this.#n && (this.#n.start(), this.state !== "live" && this.#w());
	}
	#C() {
		this.#r?.abort(), this.#n?.stop();
	}
	async #w() {
		let e = this.getAttribute("poster");
		this.#r?.abort();
		let { signal: t } = this.#r = new AbortController();
		if (e === "none") return;
		e === null && await new Promise((e) => setTimeout(e, Pt));
		let n = e === null ? this.#v()?.still() : new URL(e, document.baseURI);
		n && !t.aborted && this.#e.posted(await ut(this.#e.poster, n, t));
	}
}, $ = [
	"width",
	"height",
	"fps",
	"quality"
];
for (let e of [
	"src",
	"mode",
	...$,
	"poster",
	"label"
]) Object.defineProperty(Q.prototype, e, {
	configurable: !0,
	enumerable: !0,
	get() {
		return this.getAttribute(e) ?? "";
	},
	set(t) {
		this.setAttribute(e, String(t));
	}
});
Object.defineProperty(Q.prototype, "delay", {
	configurable: !0,
	enumerable: !0,
	get() {
		return this.hasAttribute("delay");
	},
	set(e) {
		this.toggleAttribute("delay", !!e);
	}
}), customElements.get("framegate-player") || customElements.define("framegate-player", Q);
export { Q as FramegatePlayer };
