import{$ as e,A as t,B as n,C as r,E as i,F as a,G as o,H as s,I as c,J as l,K as u,L as d,M as f,N as p,O as m,P as h,Q as g,R as _,S as v,T as y,U as b,V as x,W as S,X as C,Y as w,Z as T,_ as E,_t as D,at as O,b as k,bt as ee,c as A,ct as j,d as M,dt as N,et as P,f as F,ft as I,g as L,gt as R,h as z,ht as te,i as ne,it as re,j as ie,k as ae,lt as B,m as V,mt as H,n as oe,nt as U,o as se,ot as ce,p as W,pt as G,q as K,r as le,rt as ue,s as de,st as q,t as fe,tt as pe,u as me,ut as J,v as he,vt as Y,w as ge,x as X,y as _e,yt as ve,z as ye}from"./app.js";var be=Object.defineProperty,xe=(e,t)=>{let n={};for(var r in e)be(n,r,{get:e[r],enumerable:!0});return t||be(n,Symbol.toStringTag,{value:`Module`}),n},Z={title:e=>[`${e} · Framegate`,`${e} · Framegate`],back:[`To the cameras`,`Zu den Kameras`],settings:[`Settings of this camera`,`Einstellungen dieser Kamera`],broadcast:[`Send pictures`,`Bilder senden`],picture:[`Picture`,`Bild`],controls:[`Controls`,`Bedienung`],unknown:[`There is no such camera`,`Diese Kamera gibt es nicht`],unknownWords:[`It may have been removed, or you may not see it. An administrator can say which.`,`Sie wurde vielleicht entfernt, oder Sie dürfen sie nicht sehen. Die Administration weiß mehr.`],publishOnly:[`You may send pictures to this camera, but not see them`,`Sie dürfen an diese Kamera Bilder senden, sie aber nicht sehen`],publishOnlyWords:[`An administrator can let you see it.`,`Die Administration kann Ihnen das Ansehen erlauben.`],removed:[`This camera has been removed`,`Diese Kamera wurde entfernt`],removedWords:[`What was recorded of it stays until it is too old.`,`Was von ihr aufgenommen wurde, bleibt bis zum Ende der Aufbewahrung.`],seeRecordings:[`See what was recorded`,`Aufnahmen ansehen`],removedRecorded:[`This camera has been removed. This is what was recorded of it.`,`Diese Kamera wurde entfernt. Dies ist, was von ihr aufgenommen wurde.`],noPresent:[`You may see what was recorded of this camera, but not the present.`,`Sie dürfen die Aufnahmen dieser Kamera sehen, nicht aber das Livebild.`],noPast:[`You may not see what was recorded of this camera. This is the present.`,`Sie dürfen die Aufnahmen dieser Kamera nicht sehen. Dies ist das Livebild.`],states:{idle:[`Paused`,`Angehalten`],connecting:[`Connecting…`,`Verbindet…`],live:[`Live`,`Live`],playback:[`Recorded`,`Aufnahme`],stalled:[`No new pictures`,`Keine neuen Bilder`],offline:[`Camera offline`,`Kamera offline`],error:[`No picture`,`Kein Bild`]},ended:[`End of the recording`,`Ende der Aufnahme`],stillPicture:[`Recorded, paused`,`Aufnahme, angehalten`],holding:[`Nothing was recorded here`,`Hier wurde nichts aufgenommen`],until:e=>[`until ${e}`,`bis ${e}`],leaveHole:[`Skip the gap`,`Lücke überspringen`],delay:[`Delay from the camera to this screen`,`Verzögerung von der Kamera bis zu diesem Bildschirm`],ms:e=>[`${e} ms`,`${e} ms`],tryAgain:[`Try again`,`Erneut versuchen`],takenAt:[`When this picture was taken`,`Wann dieses Bild aufgenommen wurde`],play:[`Play`,`Abspielen`],pause:[`Pause`,`Anhalten`],backTen:[`10 seconds back`,`10 Sekunden zurück`],onTen:[`10 seconds on`,`10 Sekunden vor`],stepBack:[`One picture back`,`Ein Bild zurück`],stepOn:[`One picture on`,`Ein Bild vor`],speed:[`Speed`,`Geschwindigkeit`],leaps:e=>[`Beyond ${e}× pictures are skipped`,`Über ${e}× werden Bilder übersprungen`],live:[`Live`,`Live`],toLive:[`To the present`,`Zum Livebild`],newest:[`Newest`,`Neuestes`],toNewest:[`To the newest recording`,`Zur neuesten Aufnahme`],soundOn:[`Turn the sound on`,`Ton einschalten`],soundOff:[`Turn the sound off`,`Ton ausschalten`],volume:[`Volume`,`Lautstärke`],soundSpeed:[`Sound is heard at normal speed only.`,`Ton gibt es nur bei normaler Geschwindigkeit.`],snapshot:[`Save this picture`,`Dieses Bild speichern`],inPicture:[`Picture in picture`,`Bild im Bild`],fullScreen:[`Full screen`,`Vollbild`],leaveFullScreen:[`Leave full screen`,`Vollbild beenden`],options:[`How it is shown`,`Darstellung`],keys:[`Keys`,`Tasten`],goTo:[`Go to a time`,`Gehe zu`],skipGaps:[`Skip what was not recorded`,`Lücken überspringen`],mode:[`Way of showing`,`Art der Anzeige`],modes:{auto:[`Automatic`,`Automatisch`],mse:[`Video (MSE)`,`Video (MSE)`],webcodecs:[`WebCodecs`,`WebCodecs`],jpeg:[`Single JPEGs`,`Einzelne JPEGs`],img:[`Image without script (MJPEG)`,`Einfaches Bild (MJPEG)`]},modeNow:e=>[`at the moment: ${e}`,`zurzeit: ${e}`],size:[`Largest size`,`Größte Auflösung`],sizes:{original:[`As the camera sends it`,`Wie die Kamera sie sendet`]},wide:e=>[`${e} pixels wide`,`${e} Pixel breit`],quality:[`Quality`,`Qualität`],qualities:{original:[`As it is`,`Unverändert`],high:[`High`,`Hoch`],middle:[`Medium`,`Mittel`],low:[`Low, for slow lines`,`Niedrig, für langsame Leitungen`]},rate:[`Pictures a second`,`Bilder pro Sekunde`],rateMost:e=>[`${e} at most`,`höchstens ${e}`],asSmaller:[`Another size, quality or rate is encoded by the server.`,`Andere Größen, Qualitäten und Raten werden auf dem Server kodiert.`],keyWords:{toggle:[`Play or pause`,`Abspielen oder anhalten`],slower:[`Backwards, again for faster`,`Rückwärts, erneut für schneller`],stop:[`Pause`,`Anhalten`],faster:[`Forwards, again for faster`,`Vorwärts, erneut für schneller`],stepBack:[`One picture back`,`Ein Bild zurück`],stepOn:[`One picture on`,`Ein Bild vor`],backTen:[`10 seconds back`,`10 Sekunden zurück`],onTen:[`10 seconds on`,`10 Sekunden vor`],live:[`To the present`,`Zum Livebild`],in:[`Begin of a selection`,`Anfang der Auswahl`],out:[`End of a selection`,`Ende der Auswahl`],mark:[`Mark this moment, or the selection`,`Diesen Moment oder die Auswahl markieren`],full:[`Full screen`,`Vollbild`],mute:[`Sound on or off`,`Ton ein oder aus`],snapshot:[`Save this picture`,`Dieses Bild speichern`]},panels:[`More of this camera`,`Mehr zu dieser Kamera`],now:[`State`,`Zustand`],marks:[`Marks`,`Marken`],statistics:[`Statistics`,`Statistik`],addresses:[`Addresses`,`Adressen`],cameraStates:{idle:[`Idle: nobody watches`,`Ruht: niemand schaut zu`],connecting:[`Connecting: no picture yet`,`Verbindet: noch kein Bild`],online:[`Online`,`Online`],offline:[`Offline`,`Offline`]},state:[`Camera`,`Kamera`],source:[`Source`,`Quelle`],pictures:[`Pictures`,`Bilder`],sound:[`Sound`,`Ton`],channels:e=>e===1?[`mono`,`Mono`]:e===2?[`stereo`,`Stereo`]:[`${e} channels`,`${e} Kanäle`],perSecond:e=>[`${e} a second`,`${e} pro Sekunde`],viewers:[`Viewers`,`Zuschauer`],recording:[`Recording`,`Aufnahme`],recordingStates:{off:[`Off`,`Aus`],waiting:[`Waiting for pictures`,`Wartet auf Bilder`],recording:[`Recording`,`Nimmt auf`],slow:[`The disk is behind`,`Der Datenträger kommt nicht nach`],full:[`No room`,`Kein Platz`],read_only:[`The disk is read-only`,`Der Datenträger ist schreibgeschützt`],missing:[`The disk is not there`,`Der Datenträger fehlt`]},recordingModes:{off:[`nothing`,`nichts`],continuous:[`all`,`alles`],scheduled:[`by a schedule`,`nach Zeitplan`],events:[`around marks`,`rund um Marken`],pictures:[`a picture now and then`,`ab und zu ein Bild`]},since:e=>[`since ${e}`,`seit ${e}`],notRecorded:[`It is not recorded.`,`Sie wird nicht aufgenommen.`],lost:[`Pictures lost since the start`,`Verlorene Bilder seit dem Start`],newestAt:[`Newest on the disk`,`Neuestes auf dem Datenträger`],crowded:[`Marks protect more than half of what may be kept. Delete some, or allow more.`,`Marken schützen mehr als die Hälfte dessen, was aufbewahrt werden darf. Löschen Sie welche, oder erlauben Sie mehr.`],lastError:[`Last error`,`Letzter Fehler`],nextSteps:{login:[`Check the name and the password of the camera in its settings.`,`Prüfen Sie Name und Passwort der Kamera in ihren Einstellungen.`],refused:[`The host is there, but nothing answers at this port. Check the port, and whether the service of the camera is on.`,`Der Rechner ist da, aber unter diesem Port antwortet nichts. Prüfen Sie den Port und ob der Dienst der Kamera eingeschaltet ist.`],away:[`Check whether the camera has power and network, and whether its address is still the same.`,`Prüfen Sie, ob die Kamera Strom und Netz hat und ob ihre Adresse noch stimmt.`],name:[`Check how the name of the host is written, or use its address.`,`Prüfen Sie die Schreibweise des Rechnernamens, oder verwenden Sie die IP-Adresse.`],certificate:[`The certificate of the camera is not trusted. If it is your own, its settings can allow any certificate.`,`Dem Zertifikat der Kamera wird nicht vertraut. Ist es Ihr eigenes, können die Einstellungen jedes Zertifikat zulassen.`],path:[`The camera does not know this path. Look up the address of its stream in its manual.`,`Die Kamera kennt diesen Pfad nicht. Die Adresse des Streams steht in ihrer Anleitung.`],other:[`Try the source in the settings of the camera: they say at which step it fails.`,`Testen Sie die Quelle in den Einstellungen der Kamera: dort sehen Sie, woran es scheitert.`],ask:[`An administrator sees why.`,`Die Administration sieht den Grund.`]},watching:[`Who watches`,`Wer zusieht`],nobody:[`Nobody watches.`,`Niemand schaut zu.`],end:[`End`,`Beenden`],endTitle:[`End this viewer?`,`Diese Verbindung beenden?`],endWords:(e,t)=>[`${e} at ${t} stops seeing this camera, and may come back.`,`${e} von ${t} sieht diese Kamera dann nicht mehr, kann aber wiederkommen.`],endedViewer:[`The viewer was ended.`,`Die Verbindung wurde beendet.`],behind:e=>[`${e} ms behind`,`${e} ms verzögert`],leftOut:e=>[`${e} left out`,`${e} ausgelassen`],selection:[`Selection`,`Auswahl`],selectionHint:[`Set where it begins and ends while you look. Then it can be downloaded, marked and shared.`,`Legen Sie beim Ansehen Anfang und Ende fest. Dann lässt sich das Stück herunterladen, markieren und teilen.`],in:[`Begin here`,`Anfang hier`],out:[`End here`,`Ende hier`],clear:[`Clear`,`Aufheben`],download:[`Download`,`Herunterladen`],share:[`Share…`,`Teilen…`],makeFile:[`Make a file…`,`Datei erstellen…`],markIt:[`Mark`,`Markieren`],marked:e=>[`Marked ${e}.`,`${e} markiert.`],edit:[`Edit`,`Bearbeiten`],marksNear:[`Marks near this moment`,`Marken um diesen Moment`],noMarks:[`There are none near.`,`Es gibt keine in der Nähe.`],noMarksWords:[`M marks the moment that you see.`,`Mit M markieren Sie, was Sie gerade sehen.`],kind:[`Kind`,`Art`],kindHint:[`Letters, digits, dots, dashes`,`Buchstaben, Ziffern, Punkte, Striche`],note:[`Note`,`Notiz`],keep:[`Protect from deletion`,`Vor dem Löschen schützen`],kept:[`Protected`,`Geschützt`],open:[`goes on`,`dauert an`],endNow:[`It ended here`,`Endete hier`],by:e=>[`by ${e}`,`von ${e}`],deleteMark:[`Delete this mark?`,`Diese Marke löschen?`],deleteMarkWords:(e,t)=>[`The mark “${e}” of ${t}. What it protects may then be deleted with age.`,`Die Marke „${e}“ von ${t}. Was sie schützt, kann danach mit dem Alter gelöscht werden.`],goThere:e=>[`Go to ${e}`,`Gehe zu ${e}`],fileTitle:[`Make a file of the selection`,`Datei aus der Auswahl erstellen`],fileWords:[`It is encoded when no viewer needs the machine, and kept for 24 hours.`,`Sie wird kodiert, sobald niemand die Rechenleistung zum Ansehen braucht, und 24 Stunden aufbewahrt.`],burnClock:[`Show the time in the picture`,`Uhrzeit im Bild zeigen`],timelapse:[`Timelapse`,`Zeitraffer`],normalSpeed:[`No, at normal speed`,`Nein, normale Geschwindigkeit`],timesFast:e=>[`${e} times as fast`,`${e}-mal so schnell`],leaveSound:[`Leave out the sound`,`Ton weglassen`],make:[`Make it`,`Erstellen`],files:[`Files`,`Dateien`],fileStates:{waiting:[`waits for its turn`,`wartet`],running:[`is being made`,`wird erstellt`],done:[`ready`,`fertig`],failed:[`failed`,`fehlgeschlagen`],canceled:[`cancelled`,`abgebrochen`]},cancelFile:[`Cancel or delete`,`Abbrechen oder löschen`],shareTitle:[`Share`,`Teilen`],shareWhat:[`What`,`Was`],sharePage:[`This moment, for who has a login`,`Diesen Moment, für alle mit Zugang`],sharePageLive:[`This page, for who has a login`,`Diese Seite, für alle mit Zugang`],sharePicture:[`This picture`,`Dieses Bild`],shareStream:[`The live picture`,`Das Livebild`],shareFilm:[`The film from this moment on`,`Den Film ab diesem Moment`],shareClip:[`The selection, as a file`,`Die Auswahl, als Datei`],shareLong:[`Good for`,`Gültig`],shareMake:[`Make the link`,`Link erstellen`],shareSend:[`Send…`,`Senden…`],shareRightsLive:e=>[`Whoever has this link sees this camera live without a login, ${e}.`,`Wer diesen Link hat, sieht diese Kamera live ohne Anmeldung, ${e}.`],shareRightsPast:e=>[`Whoever has this link can see all that is recorded of this camera without a login, ${e}.`,`Wer diesen Link hat, kann alle Aufnahmen dieser Kamera ohne Anmeldung sehen, ${e}.`],shareUntil:e=>[`until ${e}`,`bis ${e}`],shareForEver:[`until it is revoked in the settings`,`bis er in den Einstellungen widerrufen wird`],terms:{"1h":[`one hour`,`eine Stunde`],"12h":[`12 hours`,`12 Stunden`],"7d":[`7 days`,`7 Tage`],"30d":[`30 days`,`30 Tage`],"":[`until it is revoked`,`bis zum Widerruf`]},linkName:[`What it is for`,`Wofür`],signed:[`Without a login`,`Ohne Anmeldung`],signedWords:[`For programs that cannot log in, addresses can be signed: whoever has one may do what it says, until it ends.`,`Für Programme ohne Anmeldung lassen sich Adressen signieren: Wer eine hat, darf, was sie sagt, bis sie endet.`],sign:[`Sign the addresses`,`Adressen signieren`],unsign:[`Show them unsigned`,`Unsigniert zeigen`],signedUntil:e=>[`They are good ${e}.`,`Sie gelten ${e}.`],inPrograms:[`In other programs`,`In anderen Programmen`],program:[`Program`,`Programm`],needsLogin:[`This needs a signed address, or a name and password in it.`,`Dafür braucht es eine signierte Adresse, oder Name und Passwort darin.`],forms:{page:[`This page`,`Diese Seite`],mjpeg:[`Moving picture (MJPEG), for <img>`,`Bewegtbild (MJPEG), für <img>`],jpeg:[`Newest picture (JPEG)`,`Neuestes Bild (JPEG)`],mp4:[`Film with sound (MP4), for players such as VLC`,`Film mit Ton (MP4), für Player wie VLC`],sse:[`As events, for scripts (SSE)`,`Als Ereignisse, für Skripte (SSE)`],socket:[`For the player element (WebSocket)`,`Für das Player-Element (WebSocket)`],recording_mp4:[`Clip between two moments (MP4)`,`Clip zwischen zwei Zeitpunkten (MP4)`],recording_hls:[`The same for players of HLS`,`Dasselbe für HLS-Player`],recording_jpeg:[`Picture of a moment (JPEG)`,`Bild eines Zeitpunkts (JPEG)`],recording_mjpeg:[`From a moment on (MJPEG)`,`Ab einem Zeitpunkt (MJPEG)`],recording_sse:[`From a moment on, as events (SSE)`,`Ab einem Zeitpunkt, als Ereignisse (SSE)`],recording_socket:[`Recordings in the player element (WebSocket)`,`Aufnahmen im Player-Element (WebSocket)`],thumbnail:[`Small picture of a moment (JPEG)`,`Kleines Bild eines Zeitpunkts (JPEG)`],publish:[`Send pictures (WebSocket)`,`Bilder senden (WebSocket)`],post_jpeg:[`Send one picture (POST)`,`Ein Bild senden (POST)`],post_mjpeg:[`Send pictures without an end (POST)`,`Fortlaufend Bilder senden (POST)`]},usesOf:{view:[`Live`,`Live`],playback:[`Recorded`,`Aufgenommen`],publish:[`To send pictures`,`Zum Senden`]},steps:{img:[`In the HTML of a page:`,`Im HTML einer Seite:`],player:[`In the HTML of a page. Other sites have to be allowed under “cors”:`,`Im HTML einer Seite. Fremde Seiten müssen unter „cors“ erlaubt sein:`],vlc:[`In a terminal, or by “Open network stream”:`,`Im Terminal, oder über „Netzwerkstream öffnen“:`],homeAssistant:[`Settings › Devices & services › Add integration › MJPEG IP Camera. First the MJPEG URL, then the still image URL:`,`Einstellungen › Geräte & Dienste › Integration hinzufügen › MJPEG IP Camera. Erst die MJPEG-URL, dann die Standbild-URL:`],octoPrint:[`Settings › Classic Webcam. First the stream URL, then the snapshot URL:`,`Einstellungen › Classic Webcam. Erst die Stream-URL, dann die Snapshot-URL:`],frigate:[`In the configuration of Frigate:`,`In der Konfiguration von Frigate:`]},plots:{bits:[`Bit rate`,`Bitrate`],fps:[`Pictures a second`,`Bilder pro Sekunde`],delay:[`Delay to this screen`,`Verzögerung bis zu diesem Bildschirm`],drops:[`Pictures left out`,`Ausgelassene Bilder`],viewers:[`Viewers`,`Zuschauer`]},hereSeries:[`here`,`hier`],everybody:[`all viewers`,`alle Zuschauer`],tenMinutes:[`The last ten minutes, while this page is open.`,`Die letzten zehn Minuten, solange diese Seite offen ist.`],gathering:[`Nothing yet: values come every two seconds.`,`Noch nichts: Werte kommen alle zwei Sekunden.`],streams:[`Streams`,`Streams`],original:[`as the camera sends it`,`wie die Kamera sendet`]},Se=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-arrow-left"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="m12 19-7-7 7-7" />
  <path d="M19 12H5" />
</svg>
`,Ce=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-video"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="m16 13 5.223 3.482a.5.5 0 0 0 .777-.416V7.87a.5.5 0 0 0-.752-.432L16 10.5" />
  <rect x="2" y="6" width="14" height="12" rx="2" />
</svg>
`,we=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-disc"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <circle cx="12" cy="12" r="10" />
  <circle cx="12" cy="12" r="2" />
</svg>
`,Te=new Map;function Ee(e,t){let n=`${v.tag} ${e}`,r=Te.get(n);return r||Te.set(n,r=t(v.tag)),r}function De(e){return Ee(`datetime`,e=>new Intl.DateTimeFormat(e,{dateStyle:`medium`,timeStyle:`medium`})).format(new Date(e))}function Oe(e){return Ee(`clock`,e=>new Intl.DateTimeFormat(e,{timeStyle:`medium`})).format(new Date(e))}function Q(e,t=0){return Ee(`number${t}`,e=>new Intl.NumberFormat(e,{maximumFractionDigits:t})).format(e)}function ke(e){return Ee(`percent`,e=>new Intl.NumberFormat(e,{style:`percent`,maximumFractionDigits:0})).format(e)}var Ae=[`B`,`kB`,`MB`,`GB`,`TB`,`PB`];function je(e){let t=0;for(;Math.abs(e)>=999.5&&t<Ae.length-1;)e/=1e3,t++;return`${Q(e,+(t>0&&Math.abs(e)<9.95))} ${Ae[t]}`}var Me=[[`year`,315576e5],[`month`,26298e5],[`day`,864e5],[`hour`,36e5],[`minute`,6e4],[`second`,1e3]];function Ne(e,t){let n=new Date(e).getTime()-t,[r,i]=Me.find(([,e])=>Math.abs(n)>=e)??[`second`,1e3];return Ee(`ago`,e=>new Intl.RelativeTimeFormat(e,{numeric:`auto`})).format(Math.round(n/i),r)}function Pe(e){let t=[[[`d`,`T`],864e5],[[`h`,`h`],36e5],[[`min`,`min`],6e4],[[`s`,`s`],1e3]],n=Math.max(0,t.findIndex(([,t])=>e>=t));if(e<1e3)return`${Q(e/1e3,1)} s`;let r=[],i=e;for(let[e,a]of t.slice(n,n+2)){let t=Math.floor(i/a);i-=t*a,t>0&&r.push(`${Q(t)} ${e[+(v.now===`de`)]}`)}return r.join(` `)}var Fe=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-rewind"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M12 6a2 2 0 0 0-3.414-1.414l-6 6a2 2 0 0 0 0 2.828l6 6A2 2 0 0 0 12 18z" />
  <path d="M22 6a2 2 0 0 0-3.414-1.414l-6 6a2 2 0 0 0 0 2.828l6 6A2 2 0 0 0 22 18z" />
</svg>
`,Ie=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-camera"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M13.997 4a2 2 0 0 1 1.76 1.05l.486.9A2 2 0 0 0 18.003 7H20a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2h1.997a2 2 0 0 0 1.759-1.048l.489-.904A2 2 0 0 1 10.004 4z" />
  <circle cx="12" cy="13" r="3" />
</svg>
`,Le=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-flag"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M4 22V4a1 1 0 0 1 .4-.8A6 6 0 0 1 8 2c3 0 5 2 7.333 2q2 0 3.067-.8A1 1 0 0 1 20 4v10a1 1 0 0 1-.4.8A6 6 0 0 1 16 16c-3 0-5-2-8-2a6 6 0 0 0-4 1.528" />
</svg>
`,Re=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-arrow-right-from-line"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M3 5v14" />
  <path d="M21 12H7" />
  <path d="m15 18 6-6-6-6" />
</svg>
`,ze=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-keyboard"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M10 8h.01" />
  <path d="M12 12h.01" />
  <path d="M14 8h.01" />
  <path d="M16 12h.01" />
  <path d="M18 8h.01" />
  <path d="M6 8h.01" />
  <path d="M7 16h10" />
  <path d="M8 12h.01" />
  <rect width="20" height="16" x="2" y="4" rx="2" />
</svg>
`,Be=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-maximize"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M8 3H5a2 2 0 0 0-2 2v3" />
  <path d="M21 8V5a2 2 0 0 0-2-2h-3" />
  <path d="M3 16v3a2 2 0 0 0 2 2h3" />
  <path d="M16 21h3a2 2 0 0 0 2-2v-3" />
</svg>
`,Ve=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-minimize"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M8 3v3a2 2 0 0 1-2 2H3" />
  <path d="M21 8h-3a2 2 0 0 1-2-2V3" />
  <path d="M3 16h3a2 2 0 0 1 2 2v3" />
  <path d="M16 21v-3a2 2 0 0 1 2-2h3" />
</svg>
`,He=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-fast-forward"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M12 6a2 2 0 0 1 3.414-1.414l6 6a2 2 0 0 1 0 2.828l-6 6A2 2 0 0 1 12 18z" />
  <path d="M2 6a2 2 0 0 1 3.414-1.414l6 6a2 2 0 0 1 0 2.828l-6 6A2 2 0 0 1 2 18z" />
</svg>
`,Ue=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-arrow-right-to-line"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M17 12H3" />
  <path d="m11 18 6-6-6-6" />
  <path d="M21 5v14" />
</svg>
`,We=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-pause"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <rect x="14" y="3" width="5" height="18" rx="1" />
  <rect x="5" y="3" width="5" height="18" rx="1" />
</svg>
`,Ge=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-picture-in-picture-2"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M21 9V6a2 2 0 0 0-2-2H4a2 2 0 0 0-2 2v10c0 1.1.9 2 2 2h4" />
  <rect width="10" height="7" x="12" y="13" rx="2" />
</svg>
`,Ke=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-play"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M5 5a2 2 0 0 1 3.008-1.728l11.997 6.998a2 2 0 0 1 .003 3.458l-12 7A2 2 0 0 1 5 19z" />
</svg>
`,qe=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-sliders-horizontal"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M10 5H3" />
  <path d="M12 19H3" />
  <path d="M14 3v4" />
  <path d="M16 17v4" />
  <path d="M21 12h-9" />
  <path d="M21 19h-5" />
  <path d="M21 5h-7" />
  <path d="M8 10v4" />
  <path d="M8 12H3" />
</svg>
`,Je=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-chevron-left"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="m15 18-6-6 6-6" />
</svg>
`,Ye=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-chevron-right"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="m9 18 6-6-6-6" />
</svg>
`,Xe=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-volume-x"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M11 4.702a.7.7 0 0 0-1.203-.498L6.413 7.587A1.4 1.4 0 0 1 5.416 8H3a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2.416a1.4 1.4 0 0 1 .997.413l3.383 3.384A.7.7 0 0 0 11 19.298z" />
  <path d="m16.5 14.5 5-5" />
  <path d="m16.5 9.5 5 5" />
</svg>
`,Ze=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-volume-2"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M11 4.702a.705.705 0 0 0-1.203-.498L6.413 7.587A1.4 1.4 0 0 1 5.416 8H3a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2.416a1.4 1.4 0 0 1 .997.413l3.383 3.384A.705.705 0 0 0 11 19.298z" />
  <path d="M16 9a5 5 0 0 1 0 6" />
  <path d="M19.364 18.364a9 9 0 0 0 0-12.728" />
</svg>
`,Qe=[`mode`,`width`,`fps`,`quality`],$e=`framegate-volume`,et=class{transport;trouble;#e=G(`idle`);get state(){return e(this.#e)}set state(e){I(this.#e,e,!0)}#t=G(``);get words(){return e(this.#t)}set words(e){I(this.#t,e,!0)}#n=G(null);get measure(){return e(this.#n)}set measure(e){I(this.#n,e)}#r=G(null);get sound(){return e(this.#r)}set sound(e){I(this.#r,e)}#i=G(null);get mode(){return e(this.#i)}set mode(e){I(this.#i,e,!0)}#a=G(null);get surface(){return e(this.#a)}set surface(e){I(this.#a,e)}#o=G(null);get size(){return e(this.#o)}set size(e){I(this.#o,e)}#s=G(!0);get muted(){return e(this.#s)}set muted(e){I(this.#s,e,!0)}#c=G(1);get volume(){return e(this.#c)}set volume(e){I(this.#c,e,!0)}element=null;constructor(e,t){this.transport=e,this.trouble=t}attach=e=>{let t=e;this.element=t;let n=new AbortController,r=(e,r)=>t.addEventListener(`framegate-${e}`,e=>r(e.detail),{signal:n.signal});return r(`state`,({state:e,words:t})=>(this.state=e,this.words=t)),r(`delay`,e=>this.measure=e),r(`sound`,e=>this.sound=e),r(`mode`,({mode:e})=>(this.mode=e,this.surface=t.surface)),r(`size`,e=>this.size=e),r(`playback`,({past:e})=>this.transport.played(e)),r(`error`,({code:e,message:t})=>this.trouble(e,t)),t.addEventListener(`volumechange`,()=>(this.muted=t.muted,this.volume=t.volume),{signal:n.signal}),customElements.whenDefined(`framegate-player`).then(()=>{n.signal.aborted||(t.volume=tt(localStorage.getItem($e)))}),()=>{n.abort(),this.element=null,this.transport.detach()}};async show(e){await P();let{element:t}=this;if(t){for(let[n,r]of Object.entries(e))r===null?t.removeAttribute(n):t.getAttribute(n)!==r&&t.setAttribute(n,r);await customElements.whenDefined(`framegate-player`),this.element===t&&this.transport.attach(t)}}setMuted(e){this.element&&(this.element.muted=e)}setVolume(e){this.element&&(this.element.volume=e,localStorage.setItem($e,String(e)))}retry(){this.element?.retry()}};function tt(e){let t=e===null?1:Number(e);return t>=0&&t<=1?t:1}function nt(e){return document.pictureInPictureEnabled?e instanceof HTMLVideoElement||e instanceof HTMLCanvasElement:!1}async function rt(e){document.pictureInPictureElement?await document.exitPictureInPicture():e instanceof HTMLVideoElement?(e.disablePictureInPicture=!1,await e.requestPictureInPicture()):e instanceof HTMLCanvasElement&&await it(e)}async function it(e){let t=e.captureStream(),n=document.createElement(`video`);n.muted=!0,n.srcObject=t,await n.play(),n.addEventListener(`leavepictureinpicture`,()=>t.getTracks().forEach(e=>e.stop()),{once:!0}),n.readyState<HTMLMediaElement.HAVE_METADATA&&await new Promise(e=>n.addEventListener(`loadedmetadata`,e,{once:!0})),await n.requestPictureInPicture()}var at=[.25,.5,1,2,4,8,16,32,64],ot=2,st=2,ct=6,lt=15,ut=3e3,dt=class{options;#e=G(!1);get past(){return e(this.#e)}set past(e){I(this.#e,e,!0)}#t=G(1);get rate(){return e(this.#t)}set rate(e){I(this.#t,e,!0)}#n=G(!1);get paused(){return e(this.#n)}set paused(e){I(this.#n,e,!0)}#r=G(!1);get end(){return e(this.#r)}set end(e){I(this.#r,e,!0)}#i=G(``);get message(){return e(this.#i)}set message(e){I(this.#i,e,!0)}#a=G(null);get shownMs(){return e(this.#a)}set shownMs(e){I(this.#a,e,!0)}#o=G(!0);get skip(){return e(this.#o)}set skip(e){I(this.#o,e,!0)}#s=G(null);get hole(){return e(this.#s)}set hole(e){I(this.#s,e)}deck=null;#c=G(null);get wantedMs(){return e(this.#c)}set wantedMs(e){I(this.#c,e,!0)}wantedTicks=0;leap=null;step=null;through=null;lastMs=null;asked=0;constructor(e){this.options=e}get atMs(){return this.wantedMs??this.shownMs}get playheadMs(){return this.past?this.atMs:null}attach(e){this.deck=e;let t=this.atMs;if(this.past&&t!==null){let{rate:e,paused:n}=this;this.seek(t),n?this.pause():e!==1&&this.setRate(e)}else this.options.newest&&this.live()}detach(){this.deck=null}played(e){if(e)this.past=!0,this.end=e.end,this.message=e.message,this.leap||this.through||(this.rate=e.rate,this.paused=e.paused);else{if(this.options.newest)return;this.past=this.paused=this.end=!1,this.rate=1,this.message=``,this.forget()}}seek(e){let{rate:t,past:n}=this;this.forget(),this.past=!0,this.want(Math.min(e,this.options.now())),this.deck?.seek(this.wantedMs),n&&Math.abs(t)>16&&!this.paused&&this.begin(t)}by(e){this.seek((this.atMs??this.options.now())+e)}live(){this.forget(),this.options.newest?(this.seek(this.options.newest()),(this.paused||this.rate!==1)&&this.setRate(1)):(this.deck?.live(),this.played(null))}pause(){this.settle(),this.past=this.paused=!0,this.deck?.pause()}play(){this.paused&&this.setRate(this.rate)}toggle(){this.paused?this.play():this.pause()}setRate(e){this.settle(),this.past=!0,this.paused=!1,this.begin(e)}shuttle(e){let t=this.paused||!this.past?0:this.rate;Math.sign(t)===e?this.setRate(e*(at.find(e=>e>Math.abs(t))??at.at(-1))):this.setRate(e)}stepBy(e){this.paused||this.pause();let t=this.step?.baseMs??this.atMs;if(t===null)return;let n=this.options.pictureMs(),r=e<0?t-1:t+1.5*n;this.step=e<0?null:{baseMs:t+n,targetMs:r,ticks:0,tries:0},this.deck?.seek(r),this.want(e<0?r:t+n)}leave(){if(!this.hole)return;let{hole:e,rate:t}=this;this.seek(t>0?e.toMs:e.fromMs-1),this.setRate(t)}tick(){if(!this.deck)return;let e=this.deck.time?.getTime()??null;this.through?this.pass():this.leap&&this.leapOn(this.leap),e===this.lastMs?this.step&&++this.step.ticks%st===0?this.stepOn(this.step):e!==null&&this.wantedMs!==null&&!this.leap&&!this.through&&++this.wantedTicks>lt&&(this.wantedMs=null):this.came(e)}came(e){let t=this.lastMs,n=this.wantedMs!==null;if(this.lastMs=this.shownMs=e,this.leap||this.through)return;this.wantedMs=this.step=null;let r=e===null||t===null?0:(e-t)*Math.sign(this.rate);this.past&&!this.skip&&!this.paused&&!n&&r>ut&&this.look(t,e)}async look(e,t){let n=++this.asked,r=await this.options.hole(Math.min(e,t),Math.max(e,t)).catch(()=>null);if(!r||n!==this.asked||this.paused)return;this.deck?.pause(),this.hole=r;let i=this.rate>0?r.fromMs:r.toMs;this.through={sinceMs:this.options.now(),fromMs:i},this.wantedMs=i}pass(){let e=this.through.fromMs+(this.options.now()-this.through.sinceMs)*this.rate;e>=this.hole.toMs||e<=this.hole.fromMs-1?this.leave():this.wantedMs=e}leapOn(e){let t=this.options.now(),n=e.fromMs+(t-e.sinceMs)*this.rate;this.wantedMs=Math.min(n,t),n>=t?this.live():++e.ticks%ot===0&&this.deck?.seek(n)}stepOn(e){++e.tries>ct?this.step=null:(e.targetMs+=this.options.pictureMs()*2**e.tries,this.deck?.seek(e.targetMs))}begin(e){this.rate=e,Math.abs(e)<=16?this.deck&&(this.deck.rate=e):(this.deck?.pause(),this.leap={fromMs:this.atMs??this.options.now(),sinceMs:this.options.now(),ticks:0})}want(e){this.wantedMs=e,this.wantedTicks=0}settle(){let{wantedMs:e}=this,t=this.leap!==null||this.through!==null;this.forget(),e!==null&&(this.want(e),t&&this.deck?.seek(e))}forget(){this.leap=this.step=this.through=null,this.wantedMs=null,this.hole=null,this.asked++}},ft=K(`<button type="button" class="button bare icon svelte-16ku25h"><!></button>`),pt=K(`<option> </option>`),mt=K(`<div class="group transport svelte-16ku25h"><!> <!> <button type="button" class="button icon main svelte-16ku25h"><!></button> <!> <!> <select class="svelte-16ku25h"></select> <button type="button"><span class="dot svelte-16ku25h" aria-hidden="true"></span> </button></div> <div class="group svelte-16ku25h"><!> <!> <!></div>`,1),ht=K(`<input type="range" min="0" max="1" step="0.05" class="svelte-16ku25h"/>`),gt=K(`<span class="sound svelte-16ku25h"><button type="button" class="button bare icon"><!></button> <!></span>`),_t=K(`<button type="button" class="button bare icon"><!></button>`),vt=K(`<p class="silence quiet small svelte-16ku25h" role="status"> </p>`),yt=K(`<div class="controls svelte-16ku25h" role="group"><!> <div class="group tools svelte-16ku25h"><!> <!> <!> <button type="button" class="button bare icon"><!></button> <span class="keys svelte-16ku25h"><button type="button" class="button bare icon"><!></button></span> <!></div></div> <!>`,1);function bt(t,i){D(i,!0);let s=(e,t=ve,n=ve,r=ve,a=ve)=>{var s=ft(),c=q(s);k(c,{get svg(){return n()}}),Y(s),U(()=>{f(s,`title`,`${r()} (${a()})`),f(s,`aria-label`,r())}),T(`click`,s,function(...e){i.deeds[t()]?.apply(this,e)}),o(e,s)},l=[...[...at].reverse().map(e=>-e),...at],u=H(()=>i.transport.past&&i.transport.paused),d=H(()=>i.screen.sound?.available===!0||i.screen.sound?.codec!=null),m=H(()=>e(d)&&!i.screen.muted&&i.transport.past&&(i.transport.rate!==1||i.transport.paused)?i.transport.paused?``:r(Z.soundSpeed):i.screen.sound?.message??``);var h=yt(),g=j(h),v=q(g),y=t=>{var d=mt(),p=j(d),m=q(p);{let t=H(()=>r(Z.backTen));s(m,()=>`backTen`,()=>Fe,()=>e(t),()=>`←`)}var h=J(m,2);{let t=H(()=>r(Z.stepBack));s(h,()=>`stepBack`,()=>Je,()=>e(t),()=>`,`)}var g=J(h,2),v=q(g);{let t=H(()=>e(u)?Ke:We);k(v,{get svg(){return e(t)},size:24})}Y(g);var y=J(g,2);{let t=H(()=>r(Z.stepOn));s(y,()=>`stepOn`,()=>Ye,()=>e(t),()=>`.`)}var b=J(y,2);{let t=H(()=>r(Z.onTen));s(b,()=>`onTen`,()=>He,()=>e(t),()=>`→`)}var x=J(b,2);n(x,20,()=>l,e=>e,(e,t)=>{var n=pt(),r=B(n),i={};U(e=>{S(r,`${e??``}×`),i!==(i=t)&&(n.value=(n.__value=i)??``)},[()=>Q(t,2)]),o(e,n)}),Y(x);var C;a(x);var w=J(x,2);let E;var D=J(q(w),1,!0);Y(w),Y(p);var O=J(p,2),ee=q(O);{let t=H(()=>r(Z.in));s(ee,()=>`in`,()=>Re,()=>e(t),()=>`I`)}var A=J(ee,2);{let t=H(()=>r(Z.out));s(A,()=>`out`,()=>Ue,()=>e(t),()=>`O`)}var M=J(A,2);{let t=H(()=>r(Z.markIt));s(M,()=>`mark`,()=>Le,()=>e(t),()=>`M`)}Y(O),U((e,t,n,r,a,o)=>{f(g,`title`,e),f(g,`aria-label`,t),f(x,`aria-label`,n),f(x,`title`,r),C!==(C=i.transport.rate)&&(x.value=(x.__value=C)??``,c(x,C)),E=_(w,1,`button to-live svelte-16ku25h`,null,E,{now:!i.transport.past}),f(w,`aria-pressed`,!i.transport.past),f(w,`title`,a),S(D,o)},[()=>`${r(e(u)?Z.play:Z.pause)} (K)`,()=>r(e(u)?Z.play:Z.pause),()=>r(Z.speed),()=>`${r(Z.speed)} (J, L). ${r(Z.leaps(Q(16)))}`,()=>r(i.present?Z.toLive:Z.toNewest),()=>r(i.present?Z.live:Z.newest)]),T(`click`,g,function(...e){i.deeds.toggle?.apply(this,e)}),T(`change`,x,e=>i.transport.setRate(Number(e.currentTarget.value))),T(`click`,w,function(...e){i.deeds.live?.apply(this,e)}),o(t,d)};b(v,e=>{i.past&&e(y)});var x=J(v,2),C=q(x),w=t=>{var n=gt(),a=q(n),s=q(a);{let t=H(()=>i.screen.muted?Xe:Ze);k(s,{get svg(){return e(t)}})}Y(a);var c=J(a,2),l=e=>{var t=ht();ie(t),U(e=>{f(t,`aria-label`,e),p(t,i.screen.volume)},[()=>r(Z.volume)]),T(`input`,t,e=>i.screen.setVolume(e.currentTarget.valueAsNumber)),o(e,t)};b(c,e=>{i.screen.muted||e(l)}),Y(n),U((e,t)=>{f(a,`title`,e),f(a,`aria-label`,t),f(a,`aria-pressed`,!i.screen.muted)},[()=>`${r(i.screen.muted?Z.soundOn:Z.soundOff)} (A)`,()=>r(i.screen.muted?Z.soundOn:Z.soundOff)]),T(`click`,a,function(...e){i.deeds.mute?.apply(this,e)}),o(t,n)};b(C,t=>{e(d)&&t(w)});var E=J(C,2);{let t=H(()=>r(Z.snapshot));s(E,()=>`snapshot`,()=>Ie,()=>e(t),()=>`S`)}var O=J(E,2),ee=e=>{var t=_t(),n=q(t);k(n,{get svg(){return Ge}}),Y(t),U((e,n)=>{f(t,`title`,e),f(t,`aria-label`,n)},[()=>r(Z.inPicture),()=>r(Z.inPicture)]),T(`click`,t,function(...e){i.float?.apply(this,e)}),o(e,t)},A=H(()=>nt(i.screen.surface));b(O,t=>{e(A)&&t(ee)});var M=J(O,2),N=q(M);k(N,{get svg(){return qe}}),Y(M);var P=J(M,2),F=q(P),I=q(F);k(I,{get svg(){return ze}}),Y(F),Y(P);var L=J(P,2);{let t=H(()=>r(i.full?Z.leaveFullScreen:Z.fullScreen));s(L,()=>`full`,()=>i.full?Ve:Be,()=>e(t),()=>`F`)}Y(x),Y(g);var z=J(g,2),te=t=>{var n=vt(),r=B(n,!0);U(()=>S(r,e(m))),o(t,n)};b(z,t=>{e(d)&&!i.screen.muted&&e(m)&&t(te)}),U((e,t,n,r,i)=>{f(g,`aria-label`,e),f(M,`title`,t),f(M,`aria-label`,n),f(F,`title`,r),f(F,`aria-label`,i)},[()=>r(Z.controls),()=>r(Z.options),()=>r(Z.options),()=>`${r(Z.keys)} (?)`,()=>r(Z.keys)]),T(`click`,M,function(...e){i.options?.apply(this,e)}),T(`click`,F,function(...e){i.help?.apply(this,e)}),o(t,h),R()}C([`click`,`change`,`input`]);var xt=6e5,St=1e4,Ct=class{#e=G([]);get rows(){return e(this.#e)}set rows(e){I(this.#e,e)}last=null;take(e,t,n){let r=t.streams.find(e=>e.rendition===``),i={atMs:e,frames:r?.frames??0,bytes:r?.bytes??0,dropped:t.streams.reduce((e,t)=>e+t.dropped,0),droppedHere:n?.dropped??null},a=this.last&&e-this.last.atMs<St?this.last:null;this.last=i;let o=a?(e-a.atMs)/1e3:0;a&&o<.5?this.last=a:this.rows=[...this.rows.filter(t=>t.atMs>e-xt),{atMs:e,bitsPerSecond:wt(a?.bytes,i.bytes,o/8),fps:wt(a?.frames,i.frames,o),delayMs:n?.delayMs??null,droppedHere:wt(a?.droppedHere,i.droppedHere,1),dropped:wt(a?.dropped,i.dropped,1),viewers:t.state===void 0?null:t.viewers}]}};function wt(e,t,n){return e==null||t===null||t<e||n<=0?null:(t-e)/n}var Tt=[[` `,`toggle`],[`j`,`slower`],[`k`,`stop`],[`l`,`faster`],[`,`,`stepBack`],[`.`,`stepOn`],[`ArrowLeft`,`backTen`],[`ArrowRight`,`onTen`],[`End`,`live`],[`i`,`in`],[`o`,`out`],[`m`,`mark`],[`f`,`full`],[`a`,`mute`],[`s`,`snapshot`]],Et=new Set([`toggle`,`slower`,`stop`,`faster`,`stepBack`,`stepOn`,`backTen`,`onTen`,`live`,`in`,`out`,`mark`]);function Dt(e,t){return Tt.filter(([,t])=>e||!Et.has(t)).map(([e,n])=>({keys:[e],does:Z.keyWords[n],run:()=>t[n]()}))}var Ot=K(`<option> </option>`),kt=K(`<label class="check"><input type="checkbox"/> </label>`),At=K(`<label class="field"><span> <!></span> <select></select></label> <label class="field"><span> </span> <select><option> </option><!></select></label> <label class="field"><span> </span> <select><option> </option><!></select></label> <label class="field"><span> </span> <select><option> </option><!></select></label> <p class="quiet small"> </p> <!>`,1);function jt(t,s){D(s,!0);let l=i(s,`transport`,7),u=[`auto`,`mse`,`webcodecs`,`jpeg`,`img`],d=[`3840`,`1920`,`1280`,`960`,`640`,`320`],f=[`1`,`5`,`10`,`15`,`30`],p={high:`85`,middle:`65`,low:`40`};function m(e,t){de({[e]:t||null})}{let i=H(()=>r(Z.options));_e(t,{get title(){return e(i)},get onclose(){return s.onclose},children:(t,i)=>{var h=At(),g=j(h),_=q(g),v=q(_,!0),y=J(v),x=e=>{var t=w();U(e=>S(t,`, ${e??``}`),[()=>r(Z.modeNow(r(Z.modes[s.screen.mode])))]),o(e,t)};b(y,e=>{s.screen.mode&&e(x)}),Y(_);var C=J(_,2);n(C,20,()=>u,e=>e,(e,t)=>{var n=Ot(),i=B(n,!0),a={};U(e=>{S(i,e),a!==(a=t)&&(n.value=(n.__value=a)??``)},[()=>r(Z.modes[t])]),o(e,n)}),Y(C);var E;a(C),Y(g);var D=J(g,2),O=q(D),k=B(O,!0),A=J(O,2),M=q(A),N=B(M,!0);M.value=M.__value=``;var P=J(M);n(P,16,()=>d,e=>e,(e,t)=>{var n=Ot(),i=B(n,!0),a={};U(e=>{S(i,e),a!==(a=t)&&(n.value=(n.__value=a)??``)},[()=>r(Z.wide(Q(Number(t))))]),o(e,n)}),Y(A);var F;a(A),Y(D);var I=J(D,2),L=q(I),R=B(L,!0),z=J(L,2),te=q(z),ne=B(te,!0);te.value=te.__value=``;var re=J(te);n(re,17,()=>Object.entries(p),([e,t])=>e,(t,n)=>{var i=H(()=>ee(e(n),2));let a=()=>e(i)[0],s=()=>e(i)[1];var c=Ot(),l=B(c,!0),u={};U(e=>{S(l,e),u!==(u=s())&&(c.value=(c.__value=u)??``)},[()=>r(Z.qualities[a()])]),o(t,c)}),Y(z);var V;a(z),Y(I);var oe=J(I,2),ce=q(oe),W=B(ce,!0),G=J(ce,2),K=q(G),le=B(K,!0);K.value=K.__value=``;var ue=J(K);n(ue,16,()=>f,e=>e,(e,t)=>{var n=Ot(),i=B(n,!0),a={};U(e=>{S(i,e),a!==(a=t)&&(n.value=(n.__value=a)??``)},[()=>r(Z.rateMost(Q(Number(t))))]),o(e,n)}),Y(G);var de;a(G),Y(oe);var fe=J(oe,2),pe=B(fe,!0),me=J(fe,2),he=e=>{var t=kt(),n=q(t);ie(n);var i=J(n,1,!0);Y(t),U(e=>S(i,e),[()=>r(Z.skipGaps)]),ae(n,()=>l().skip,e=>l().skip=e),o(e,t)};b(me,e=>{s.past&&e(he)}),U((e,t,n,r,i,a,o,s,l,u,d,f)=>{S(v,e),E!==(E=t)&&(C.value=(C.__value=E)??``,c(C,E)),S(k,n),S(N,r),F!==(F=i)&&(A.value=(A.__value=F)??``,c(A,F)),S(R,a),S(ne,o),V!==(V=s)&&(z.value=(z.__value=V)??``,c(z,V)),S(W,l),S(le,u),de!==(de=d)&&(G.value=(G.__value=de)??``,c(G,de)),S(pe,f)},[()=>r(Z.mode),()=>se.query.get(`mode`)??`auto`,()=>r(Z.size),()=>r(Z.sizes.original),()=>se.query.get(`width`)??``,()=>r(Z.quality),()=>r(Z.qualities.original),()=>se.query.get(`quality`)??``,()=>r(Z.rate),()=>r(Z.sizes.original),()=>se.query.get(`fps`)??``,()=>r(Z.asSmaller)]),T(`change`,C,e=>m(`mode`,e.currentTarget.value===`auto`?``:e.currentTarget.value)),T(`change`,A,e=>m(`width`,e.currentTarget.value)),T(`change`,z,e=>m(`quality`,e.currentTarget.value)),T(`change`,G,e=>m(`fps`,e.currentTarget.value)),o(t,h)},$$slots:{default:!0}})}R()}C([`change`]);var Mt=K(`<b class="numbers"> </b>`),Nt=K(`<p class="chip numbers svelte-h05qjx"> </p>`),Pt=K(`<button type="button" class="button"> </button>`),Ft=K(`<p class="chip numbers taken svelte-h05qjx"> </p>`),It=K(`<p> </p>`),Lt=K(`<div class="hole svelte-h05qjx" role="status"><p class="title svelte-h05qjx"> </p> <!> <p class="numbers"> </p> <button type="button" class="button"> </button></div>`),Rt=K(`<div class="over svelte-h05qjx"><p role="status"><span class="dot svelte-h05qjx" aria-hidden="true"></span> <!></p> <!> <!> <!></div> <!>`,1);function zt(t,n){D(n,!0);let i=H(()=>n.transport.past?null:n.screen.measure?.delayMs??null),a=H(()=>c(n.screen.state)),s=H(()=>n.transport.atMs===null?null:A.nowMs()-n.transport.atMs<432e5&&!n.transport.past?Oe(n.transport.atMs):De(n.transport.atMs));function c(e){let t=n.screen.words;if(e===`playback`)return n.transport.message?`${r(Z.states.error)}: ${n.transport.message}`:n.transport.paused?r(Z.stillPicture):n.transport.end?r(Z.ended):r(Z.states.playback);if(e===`error`)return t||r(Z.states.error);let i=t.includes(`: `)?t.slice(t.indexOf(`: `)):``;return r(Z.states[e])+(e===`offline`?i:``)}var l=Rt(),u=j(l),d=q(u),p=J(q(d),1,!0),m=J(p),h=e=>{var t=Mt(),r=B(t);U(e=>S(r,`${e??``}×`),[()=>Q(n.transport.rate,2)]),o(e,t)};b(m,e=>{n.transport.past&&n.transport.rate!==1&&!n.transport.paused&&e(h)}),Y(d);var g=J(d,2),v=t=>{var n=Nt(),a=B(n,!0);U((e,t)=>{f(n,`title`,e),S(a,t)},[()=>r(Z.delay),()=>r(Z.ms(Q(Math.max(0,e(i)))))]),o(t,n)};b(g,t=>{e(i)!==null&&t(v)});var y=J(g,2),x=e=>{var t=Pt(),i=B(t,!0);U(e=>S(i,e),[()=>r(Z.tryAgain)]),T(`click`,t,()=>n.screen.retry()),o(e,t)};b(y,e=>{n.screen.state===`error`&&e(x)});var C=J(y,2),w=t=>{var n=Ft(),i=B(n,!0);U(t=>{f(n,`title`,t),S(i,e(s))},[()=>r(Z.takenAt)]),o(t,n)};b(C,t=>{e(s)&&t(w)}),Y(u);var E=J(u,2),O=e=>{var t=Lt(),i=q(t),a=B(i,!0),s=J(i,2),c=e=>{var t=It(),r=B(t,!0);U(()=>S(r,n.transport.hole.reason)),o(e,t)};b(s,e=>{n.transport.hole.reason&&e(c)});var l=J(s,2),u=B(l,!0),d=J(l,2),f=B(d,!0);Y(t),U((e,t,n)=>{S(a,e),S(u,t),S(f,n)},[()=>r(Z.holding),()=>r(Z.until(Oe(n.transport.rate>0?n.transport.hole.toMs:n.transport.hole.fromMs))),()=>r(Z.leaveHole)]),T(`click`,d,()=>n.transport.leave()),o(e,t)};b(E,e=>{n.transport.hole&&e(O)}),U(()=>{_(d,1,`chip ${n.screen.state??``}`,`svelte-h05qjx`),S(p,e(a))}),o(t,l),R()}C([`click`]);var Bt=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-check"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M20 6 9 17l-5-5" />
</svg>
`,Vt=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-copy"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <rect width="14" height="14" x="8" y="8" rx="2" ry="2" />
  <path d="M4 16c-1.1 0-2-.9-2-2V4c0-1.1.9-2 2-2h10c1.1 0 2 .9 2 2" />
</svg>
`,Ht=K(`<span class="copy svelte-avcsai"><code class="svelte-avcsai"> </code> <button type="button" class="button bare icon"><!></button></span>`);function Ut(t,n){D(n,!0);let a=i(n,`label`,3,``),s=G(!1),c;async function l(){try{await navigator.clipboard.writeText(n.text)}catch{if(getSelection()?.selectAllChildren(c),I(s,document.execCommand(`copy`),!0),!e(s))return}I(s,!0),setTimeout(()=>I(s,!1),2e3)}var u=Ht(),d=q(u),p=B(d,!0);m(d,e=>c=e,()=>c);var h=J(d,2),g=q(h);{let t=H(()=>e(s)?Bt:Vt);k(g,{get svg(){return e(t)}})}Y(h),Y(u),U((e,t)=>{S(p,n.text),f(h,`aria-label`,e),f(h,`title`,t)},[()=>`${r(e(s)?X.copied:X.copy)}${a()&&`: ${a()}`}`,()=>r(e(s)?X.copied:X.copy)]),T(`click`,h,l),o(t,u),R()}C([`click`]);function Wt(e){return e?[`1h`,`12h`,`7d`,`30d`,``]:[`1h`,`12h`,`7d`]}function Gt(e,t={}){let n=new URL(e,location.origin);for(let[e,r]of Object.entries(t))n.searchParams.set(e,r);return n.href}var Kt=864e5,qt=7300*Kt,Jt=1e3;async function Yt(e,t){for(let n of[Kt,qt]){let{spans:r}=await W(`get`,`/api/v1/cameras/{id}/timeline`,{path:{id:e},query:{from:new Date(Date.now()-n).toISOString(),to:`now`},signal:t}),i=r.at(-1);if(i)return Date.parse(i.to)}return null}async function Xt(e,t,n){let{spans:r,gaps:i}=await W(`get`,`/api/v1/cameras/{id}/timeline`,{path:{id:e},query:{from:$(t),to:$(n),resolution:`500ms`}});return Zt(r.map(e=>[Date.parse(e.from),Date.parse(e.to)]),i.map(e=>({fromMs:Date.parse(e.from),toMs:Date.parse(e.to),reason:e.reason})),t,n)}function Zt(e,t,n,r){let i=n;for(let[n,a]of[...e,[r,r]]){if(n-i>=Jt)return{fromMs:i,toMs:n,reason:t.find(e=>e.fromMs<n&&e.toMs>i)?.reason??``};i=Math.max(i,a)}return null}async function Qt(e,t,n){let{segments:r}=await W(`get`,`/api/v1/cameras/{id}/segments`,{path:{id:e},query:{from:$(t),to:$(t+1),limit:1},signal:n}),i=r[0];return i&&i.frames>1?(Date.parse(i.end)-Date.parse(i.start))/i.frames:null}function $(e){return new Date(e).toISOString()}var $t=[`img`,`player`,`vlc`,`homeAssistant`,`octoPrint`,`frigate`],en={img:`<img>`,player:`<framegate-player>`,vlc:`VLC`,homeAssistant:`Home Assistant`,octoPrint:`OctoPrint`,frigate:`Frigate`};function tn(e,t,n,r){switch(e){case`img`:return[`<img src="${rn(r.mjpeg)}" alt="${rn(n)}">`];case`player`:return[`<script type="module" src="${rn(r.script)}"><\/script>\n<framegate-player src="${rn(r.socket)}" label="${rn(n)}" delay></framegate-player>`];case`vlc`:return[`vlc --network-caching=200 ${an(r.mp4)}`];case`homeAssistant`:case`octoPrint`:return[r.mjpeg,r.jpeg];case`frigate`:return[nn(t,r)]}}function nn(e,t){return`cameras:
  ${e}:
    ffmpeg:
      inputs:
        - path: ${JSON.stringify(t.mjpeg)}
          input_args: preset-http-mjpeg-generic
          roles: [detect]
`}function rn(e){return e.replace(/&/g,`&amp;`).replace(/"/g,`&quot;`).replace(/</g,`&lt;`)}function an(e){return`'${e.replace(/'/g,`'\\''`)}'`}var on=K(`<p> </p> <div class="row"><button type="button" class="button"> </button></div>`,1),sn=K(`<option> </option>`),cn=K(`<input maxlength="200" class="svelte-1od8pq3"/>`),ln=K(`<p class="quiet small"> </p> <form class="row svelte-1od8pq3"><select class="svelte-1od8pq3"></select> <!> <button type="submit" class="button"> </button></form>`,1),un=K(`<p class="quiet small"> </p>`),dn=K(`<section class="stack"><h2> </h2> <select></select> <p class="quiet small"> </p> <!> <!></section>`),fn=K(`<div><p class="quiet small"> </p><!></div>`),pn=K(`<section class="stack"><h2> </h2> <!></section>`),mn=K(`<section class="card stack"><h2> </h2> <!></section> <!> <!>`,1);function hn(i,s){D(s,!0);let c={view:[`page`,`mjpeg`,`jpeg`,`mp4`,`sse`,`socket`],playback:[`recording_mp4`,`recording_hls`,`recording_jpeg`,`recording_mjpeg`,`recording_sse`,`recording_socket`,`thumbnail`],publish:[`post_jpeg`,`post_mjpeg`,`publish`]},l=G(`12h`),d=G(``),p=G(`img`),m=G(null),_=H(()=>({...s.status?.links,...e(m)?.links})),v=s.atMs??Math.floor(A.nowMs()/6e4)*6e4-36e5,y={recording_mp4:{from:$(v),to:$(v+6e4)},recording_hls:{from:$(v),to:$(v+6e4)},recording_jpeg:{at:$(v)},recording_mjpeg:{from:$(v)},recording_sse:{from:$(v)},thumbnail:{at:$(v)}},x=H(()=>Object.keys(c).filter(t=>c[t].some(t=>t!==`page`&&e(_)[t]!==void 0)));function C(t){let n=Gt(e(_)[t]??``,y[t]);return t===`socket`||t===`recording_socket`||t===`publish`?n.replace(/^http/,`ws`):n}let w=H(()=>({mjpeg:C(`mjpeg`),jpeg:C(`jpeg`),mp4:C(`mp4`),socket:Gt(e(_).socket??``),script:V(`assets/framegate-player.js`)}));async function E(){await L(async()=>{let t={},n=r(Z.shareForEver);for(let i of e(x).filter(e=>me(s.camera,e))){let a=await W(`post`,`/api/v1/cameras/{id}/links`,{path:{id:s.id},body:{action:i,...e(l)&&{expires_in:e(l)},...e(d)&&{name:e(d)}}});Object.assign(t,a.links),a.expires&&(n=r(Z.shareUntil(De(a.expires))))}I(m,{links:t,until:n})})}var O=mn(),k=j(O),ee=q(k),M=B(ee,!0),N=J(ee,2),P=t=>{var n=on(),i=j(n),a=B(i,!0),s=J(i,2),c=q(s),l=B(c,!0);Y(s),U((e,t)=>{S(a,e),S(l,t)},[()=>r(Z.signedUntil(e(m).until)),()=>r(Z.unsign)]),T(`click`,c,()=>I(m,null)),o(t,n)},F=i=>{var s=ln(),c=j(s),u=B(c,!0),p=J(c,2),m=q(p);n(m,20,()=>Wt(A.me?.admin===!0),e=>e,(e,t)=>{var n=sn(),i=B(n,!0),a={};U(e=>{S(i,e),a!==(a=t)&&(n.value=(n.__value=a)??``)},[()=>r(Z.terms[t])]),o(e,n)}),Y(m),a(m);var _=J(m,2),v=n=>{var i=cn();ie(i),U((e,t)=>{f(i,`aria-label`,e),f(i,`placeholder`,t)},[()=>r(Z.linkName),()=>r(Z.linkName)]),t(i,()=>e(d),e=>I(d,e)),o(n,i)};b(_,t=>{(e(l)===``||e(l)===`30d`)&&t(v)});var y=J(_,2),x=B(y,!0);Y(p),U((e,t,n)=>{S(u,e),f(m,`aria-label`,t),S(x,n)},[()=>r(Z.signedWords),()=>r(Z.shareLong),()=>r(Z.sign)]),g(`submit`,p,e=>(e.preventDefault(),void E())),h(m,()=>e(l),e=>I(l,e)),o(i,s)};b(N,t=>{e(m)?t(P):t(F,-1)}),Y(k);var z=J(k,2),te=t=>{var i=dn(),c=q(i),l=B(c,!0),u=J(c,2);n(u,20,()=>$t,e=>e,(e,t)=>{var n=sn(),r=B(n,!0),i={};U(()=>{S(r,en[t]),i!==(i=t)&&(n.value=(n.__value=i)??``)}),o(e,n)}),Y(u),a(u);var d=J(u,2),g=B(d,!0),_=J(d,2);n(_,16,()=>tn(e(p),s.id,s.title,e(w)),e=>e,(t,n)=>{Ut(t,{get text(){return n},get label(){return en[e(p)]}})});var v=J(_,2),y=e=>{var t=un(),n=B(t,!0);U(e=>S(n,e),[()=>r(Z.needsLogin)]),o(e,t)};b(v,t=>{e(m)||t(y)}),Y(i),U((e,t,n)=>{S(l,e),f(u,`aria-label`,t),S(g,n)},[()=>r(Z.inPrograms),()=>r(Z.program),()=>r(Z.steps[e(p)])]),h(u,()=>e(p),e=>I(p,e)),o(t,i)};b(z,t=>{e(_).mjpeg&&t(te)});var ne=J(z,2);n(ne,16,()=>e(x),e=>e,(t,i)=>{var a=pn(),s=q(a),l=B(s,!0),d=J(s,2);n(d,16,()=>c[i],e=>e,(t,n)=>{var i=u(),a=j(i),s=t=>{var i=fn(),a=q(i),s=B(a,!0),c=J(a);{let t=H(()=>C(n)),i=H(()=>r(Z.forms[n]));Ut(c,{get text(){return e(t)},get label(){return e(i)}})}Y(i),U(e=>S(s,e),[()=>r(Z.forms[n])]),o(t,i)};b(a,t=>{e(_)[n]!==void 0&&t(s)}),o(t,i)}),Y(a),U(e=>S(l,e),[()=>r(Z.usesOf[i])]),o(t,a)}),U(e=>S(M,e),[()=>r(Z.signed)]),o(i,O),R()}C([`click`]);var gn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-download"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M12 15V3" />
  <path d="M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4" />
  <path d="m7 10 5 5 5-5" />
</svg>
`,_n=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-clapperboard"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="m12.296 3.464 3.02 3.956" />
  <path d="M20.2 6 3 11l-.9-2.4c-.3-1.1.3-2.2 1.3-2.5l13.5-4c1.1-.3 2.2.3 2.5 1.3z" />
  <path d="M3 11h18v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z" />
  <path d="m6.18 5.276 3.1 3.899" />
</svg>
`,vn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-pencil"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M21.174 6.812a1 1 0 0 0-3.986-3.987L3.842 16.174a2 2 0 0 0-.5.83l-1.321 4.352a.5.5 0 0 0 .623.622l4.353-1.32a2 2 0 0 0 .83-.497z" />
  <path d="m15 5 4 4" />
</svg>
`,yn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-share-2"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <circle cx="18" cy="5" r="3" />
  <circle cx="6" cy="12" r="3" />
  <circle cx="18" cy="19" r="3" />
  <line x1="8.59" x2="15.42" y1="13.51" y2="17.49" />
  <line x1="15.41" x2="8.59" y1="6.51" y2="10.49" />
</svg>
`,bn=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-shield-check"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M20 13c0 5-3.5 7.5-7.66 8.95a1 1 0 0 1-.67-.01C7.5 20.5 4 18 4 13V6a1 1 0 0 1 1-1c2 0 4.5-1.2 6.24-2.72a1.17 1.17 0 0 1 1.52 0C14.51 3.81 17 5 19 5a1 1 0 0 1 1 1z" />
  <path d="m9 12 2 2 4-4" />
</svg>
`,xn=K(`<progress class="svelte-1ho57cg"></progress>`),Sn=K(`<p class="bad small"> </p>`),Cn=K(`<a class="button icon" download=""><!></a>`),wn=K(`<li class="row svelte-1ho57cg"><div class="svelte-1ho57cg"><p class="small"> </p> <p class="quiet small numbers"> <!></p> <!> <!></div> <!> <button type="button" class="button bare icon"><!></button></li>`),Tn=K(`<section class="stack"><h2> </h2> <ul class="svelte-1ho57cg"></ul></section>`);function En(t,i){D(i,!0);let a=G([]),s=H(()=>e(a).filter(e=>e.cameras.includes(i.id)));async function c(){await(async e=>{I(a,e.exports)})(await W(`get`,`/api/v1/exports`))}y(()=>(c().catch(()=>void 0),M([`export_changed`,`export_removed`,`ready`],()=>void c().catch(()=>void 0))));async function l(e){await L(()=>W(`delete`,`/api/v1/exports/{export}`,{path:{export:e.id}}))}var d=u(),m=j(d),h=t=>{var i=Tn(),a=q(i),c=B(a,!0),u=J(a,2);n(u,21,()=>e(s),e=>e.id,(t,n)=>{var i=wn(),a=q(i),s=q(a),c=B(s,!0),u=J(s,2),d=q(u,!0),m=J(d),h=t=>{var r=w();U(e=>S(r,`· ${e??``}`),[()=>ke(e(n).progress)]),o(t,r)},g=t=>{var r=w();U(e=>S(r,`· ${e??``}`),[()=>je(e(n).bytes)]),o(t,r)};b(m,t=>{e(n).state===`running`?t(h):e(n).state===`done`&&t(g,1)}),Y(u);var _=J(u,2),v=t=>{var r=xn();U(()=>{p(r,e(n).progress),f(r,`aria-label`,e(n).name)}),o(t,r)};b(_,t=>{e(n).state===`running`&&t(v)});var y=J(_,2),x=t=>{var r=Sn(),i=B(r,!0);U(()=>S(i,e(n).error)),o(t,r)};b(y,t=>{e(n).error&&t(x)}),Y(a);var C=J(a,2),E=t=>{var i=Cn(),a=q(i);k(a,{get svg(){return gn}}),Y(i),U((e,t,n)=>{f(i,`href`,e),f(i,`title`,t),f(i,`aria-label`,n)},[()=>V(`api/v1/exports/${encodeURIComponent(e(n).id)}/file`),()=>r(Z.download),()=>`${r(Z.download)}: ${e(n).name}`]),o(t,i)};b(C,t=>{e(n).state===`done`&&t(E)});var D=J(C,2),O=q(D);k(O,{get svg(){return ge}}),Y(D),Y(i),U((t,r,i)=>{S(c,e(n).name),S(d,t),f(D,`title`,r),f(D,`aria-label`,i)},[()=>r(Z.fileStates[e(n).state]),()=>r(Z.cancelFile),()=>`${r(Z.cancelFile)}: ${e(n).name}`]),T(`click`,D,()=>void l(e(n))),o(t,i)}),Y(u),Y(i),U(e=>S(c,e),[()=>r(Z.files)]),o(t,i)};b(m,t=>{e(s).length>0&&t(h)}),o(t,d),R()}C([`click`]);var Dn=K(`<button type="button" class="button"> </button> <button type="submit" class="button primary"> </button>`,1),On=K(`<option> </option>`),kn=K(`<label class="check"><input type="checkbox"/> </label>`),An=K(`<form class="stack"><p class="quiet"> </p> <label class="check"><input type="checkbox"/> </label> <label class="field"><span> </span> <select></select></label> <!></form>`);function jn(t,i){let s=l();D(i,!0);let c=[1,2,10,60,300,1800],u=G(!0),d=G(!1),p=G(1);async function m(t){t.preventDefault();let n={camera:i.id,from:$(i.both.fromMs),to:$(i.both.toMs),start:`encode`,clock:e(u),tz:Intl.DateTimeFormat().resolvedOptions().timeZone,...e(d)&&{silent:e(d)},...e(p)>1&&{speed:e(p)}};await L(()=>W(`post`,`/api/v1/exports`,{body:n}))&&i.onclose()}{let l=e=>{var t=Dn(),n=j(t),a=B(n,!0),c=J(n,2),l=B(c,!0);U((e,t)=>{S(a,e),f(c,`form`,s),S(l,t)},[()=>r(X.cancel),()=>r(Z.make)]),T(`click`,n,function(...e){i.onclose?.apply(this,e)}),o(e,t)},_=H(()=>r(Z.fileTitle));_e(t,{get title(){return e(_)},get onclose(){return i.onclose},actions:l,children:(t,l)=>{var _=An(),v=q(_),y=B(v),x=J(v,2),C=q(x);ie(C);var w=J(C,1,!0);Y(x);var T=J(x,2),E=q(T),D=B(E,!0),O=J(E,2);n(O,20,()=>c,e=>e,(e,t)=>{var n=On(),i=B(n,!0),a={};U(e=>{S(i,e),a!==(a=t)&&(n.value=(n.__value=a)??``)},[()=>r(t===1?Z.normalSpeed:Z.timesFast(Q(t)))]),o(e,n)}),Y(O),a(O),Y(T);var k=J(T,2),ee=t=>{var n=kn(),i=q(n);ie(i);var a=J(i,1,!0);Y(n),U(e=>S(a,e),[()=>r(Z.leaveSound)]),ae(i,()=>e(d),e=>I(d,e)),o(t,n)};b(k,t=>{e(p)===1&&t(ee)}),Y(_),U((e,t,n,r)=>{f(_,`id`,s),S(y,`${e??``}. ${t??``}`),S(w,n),S(D,r)},[()=>Pe(i.both.toMs-i.both.fromMs),()=>r(Z.fileWords),()=>r(Z.burnClock),()=>r(Z.timelapse)]),g(`submit`,_,m),ae(C,()=>e(u),e=>I(u,e)),h(O,()=>e(p),e=>I(p,e)),o(t,_)},$$slots:{actions:!0,default:!0}})}R()}C([`click`]);var Mn=K(`<button type="button" class="button"> </button>`),Nn=K(`<button type="button" class="button danger"> </button> <!> <button type="submit" class="button primary"> </button>`,1),Pn=K(`<option></option>`),Fn=K(`<form class="stack"><label class="field"><span> </span> <input required="" maxlength="64" pattern="[A-Za-z0-9._\\-]+"/> <datalist></datalist></label> <label class="field"><span> </span><textarea rows="3" maxlength="4096"></textarea></label> <label class="check"><input type="checkbox"/> </label> <p class="quiet small"> </p></form>`);function In(i,a){let s=l();D(a,!0);let c={...a.mark},u=G(N(c.kind)),d=G(N(c.note??``)),p=G(N(c.keep)),m=H(()=>({id:a.id,number:a.mark.id}));async function h(t){await L(()=>W(`patch`,`/api/v1/cameras/{id}/events/{number}`,{path:e(m),body:t}),r(X.saved))&&a.onclose()}async function _(){a.onclose(),await E({title:r(Z.deleteMark),words:r(Z.deleteMarkWords(a.mark.kind,De(a.mark.start))),deed:r(X.delete)})&&await L(()=>W(`delete`,`/api/v1/cameras/{id}/events/{number}`,{path:e(m)}))}{let c=e=>{var t=Nn(),n=j(t),i=B(n,!0),c=J(n,2),l=e=>{var t=Mn(),n=B(t,!0);U(e=>S(n,e),[()=>r(Z.endNow)]),T(`click`,t,()=>void h({end:a.atMs===null?`now`:$(a.atMs)})),o(e,t)};b(c,e=>{a.mark.end||e(l)});var u=J(c,2),d=B(u,!0);U((e,t)=>{S(i,e),f(u,`form`,s),S(d,t)},[()=>r(X.delete),()=>r(X.save)]),T(`click`,n,_),o(e,t)},l=H(()=>De(a.mark.start));_e(i,{get title(){return e(l)},get onclose(){return a.onclose},actions:c,children:(i,c)=>{var l=Fn(),m=q(l),_=q(m),v=B(_,!0),y=J(_,2);ie(y);var b=J(y,2);n(b,20,()=>a.kinds,e=>e,(e,t)=>{var n=Pn(),r={};U(()=>{r!==(r=t)&&(n.value=(n.__value=r)??``)}),o(e,n)}),Y(b),Y(m);var x=J(m,2),C=q(x),w=B(C,!0),T=J(C);te(T),Y(x);var E=J(x,2),D=q(E);ie(D);var O=J(D,1,!0);Y(E);var k=J(E,2),ee=B(k,!0);Y(l),U((e,t,n,r,i)=>{f(l,`id`,s),S(v,e),f(y,`list`,`${s}-kinds`),f(y,`title`,t),f(b,`id`,`${s}-kinds`),S(w,n),S(O,r),S(ee,i)},[()=>r(Z.kind),()=>r(Z.kindHint),()=>r(Z.note),()=>r(Z.keep),()=>r(Z.by(a.mark.by))]),g(`submit`,l,t=>(t.preventDefault(),void h({kind:e(u),note:e(d),keep:e(p)}))),t(y,()=>e(u),e=>I(u,e)),t(T,()=>e(d),e=>I(d,e)),ae(D,()=>e(p),e=>I(p,e)),o(i,l)},$$slots:{actions:!0,default:!0}})}R()}C([`click`]);var Ln=K(`<button type="button" class="button"> </button>`),Rn=K(`<button type="submit" class="button primary"> </button>`),zn=K(`<!> <!>`,1),Bn=K(`<option> </option>`),Vn=K(`<label class="field"><span> </span><input maxlength="200"/></label>`),Hn=K(`<label class="field"><span> </span> <select></select></label> <!>`,1),Un=K(`<p class="warn small"> </p>`),Wn=K(`<form class="stack"><label class="field"><span> </span> <select></select></label> <!></form> <!> <!>`,1);function Gn(i,s){let c=l();D(s,!0);let u=s.atMs,d=H(()=>A.me?.admin===!0),p=H(()=>me(A.camera(s.id),`playback`)||s.status?.links.recording_mp4!==void 0),m=H(()=>[[`page`,r(u===null?Z.sharePageLive:Z.sharePage)],...u===null?[[`stream`,r(Z.shareStream)]]:e(p)?[[`picture`,r(Z.sharePicture)],[`film`,r(Z.shareFilm)]]:[],...s.both&&e(p)?[[`clip`,r(Z.shareClip)]]:[]]),_=G(N(s.both?`clip`:`page`)),v=G(`12h`),y=G(``),x=G(null),C=H(()=>V(`camera/${encodeURIComponent(s.id)}`)+(u===null?``:`?at=${encodeURIComponent($(u))}`)),w=H(()=>e(_)===`page`?e(C):e(x)?.url??null);async function E(t){t.preventDefault(),await L(async()=>{let t=e(_)===`stream`?`view`:`playback`,n=await W(`post`,`/api/v1/cameras/{id}/links`,{path:{id:s.id},body:{action:t,...e(v)&&{expires_in:e(v)},...e(y)&&{name:e(y)}}}),i=n.expires?r(Z.shareUntil(De(n.expires))):r(Z.shareForEver),a=r((e(_)===`stream`?Z.shareRightsLive:Z.shareRightsPast)(i));I(x,{url:O(n.links),words:a})})}function O(t){let n={at:$(u??A.nowMs())},[r,i]={page:[`page`,{}],stream:[`mjpeg`,{}],picture:[`recording_jpeg`,n],film:[`recording_mjpeg`,{from:n.at}],clip:[`recording_mp4`,s.both?{from:$(s.both.fromMs),to:$(s.both.toMs),start:`exact`}:{}]}[e(_)];return Gt(t[r]??``,i)}{let l=t=>{var n=zn(),i=j(n),a=t=>{var n=Ln(),i=B(n,!0);U(e=>S(i,e),[()=>r(Z.shareSend)]),T(`click`,n,()=>void navigator.share({url:e(w)}).catch(()=>void 0)),o(t,n)};b(i,t=>{e(w)&&navigator.share&&t(a)});var s=J(i,2),l=e=>{var t=Rn(),n=B(t,!0);U(e=>{f(t,`form`,c),S(n,e)},[()=>r(Z.shareMake)]),o(e,t)};b(s,t=>{e(_)!==`page`&&!e(x)&&t(l)}),o(t,n)},u=H(()=>r(Z.shareTitle));_e(i,{get title(){return e(u)},get onclose(){return s.onclose},actions:l,children:(i,s)=>{var l=Wn(),u=j(l),p=q(u),C=q(p),D=B(C,!0),O=J(C,2);n(O,21,()=>e(m),([e,t])=>e,(t,n)=>{var r=H(()=>ee(e(n),2));let i=()=>e(r)[0],a=()=>e(r)[1];var s=Bn(),c=B(s,!0),l={};U(()=>{S(c,a()),l!==(l=i())&&(s.value=(s.__value=l)??``)}),o(t,s)}),Y(O),a(O),Y(p);var k=J(p,2),A=i=>{var s=Hn(),c=j(s),l=q(c),u=B(l,!0),f=J(l,2);n(f,20,()=>Wt(e(d)),e=>e,(e,t)=>{var n=Bn(),i=B(n,!0),a={};U(e=>{S(i,e),a!==(a=t)&&(n.value=(n.__value=a)??``)},[()=>r(Z.terms[t])]),o(e,n)}),Y(f),a(f),Y(c);var p=J(c,2),m=n=>{var i=Vn(),a=q(i),s=B(a,!0),c=J(a);ie(c),Y(i),U(e=>S(s,e),[()=>r(Z.linkName)]),t(c,()=>e(y),e=>I(y,e)),o(n,i)};b(p,t=>{(e(v)===``||e(v)===`30d`)&&t(m)}),U(e=>S(u,e),[()=>r(Z.shareLong)]),T(`change`,f,()=>I(x,null)),h(f,()=>e(v),e=>I(v,e)),o(i,s)};b(k,t=>{e(_)!==`page`&&t(A)}),Y(u);var M=J(u,2),N=t=>{{let n=H(()=>r(Z.shareTitle));Ut(t,{get text(){return e(w)},get label(){return e(n)}})}};b(M,t=>{e(w)&&t(N)});var P=J(M,2),F=t=>{var n=Un(),r=B(n,!0);U(()=>S(r,e(x).words)),o(t,n)};b(P,t=>{e(_)!==`page`&&e(x)&&t(F)}),U(e=>{f(u,`id`,c),S(D,e)},[()=>r(Z.shareWhat)]),g(`submit`,u,E),T(`change`,O,()=>I(x,null)),h(O,()=>e(_),e=>I(_,e)),o(i,l)},$$slots:{actions:!0,default:!0}})}R()}C([`click`,`change`]);var Kn=K(`<button type="button" class="button bare icon svelte-g4rk1x"><!></button>`),qn=K(`<p class="quiet small numbers"> </p> <div class="row"><a class="button primary" download=""><!> </a> <button type="button" class="button"><!> </button></div>`,1),Jn=K(`<p class="quiet small"> </p>`),Yn=K(`<button type="button" class="button"> </button>`),Xn=K(`<p class="quiet"> </p>`),Zn=K(`<span class="kept svelte-g4rk1x"><!><span class="unseen"> </span></span>`),Qn=K(`<span class="note svelte-g4rk1x"> </span>`),$n=K(`<li class="svelte-g4rk1x"><button type="button" class="go svelte-g4rk1x"><span class="row"><b> </b><!><span class="quiet small numbers"> </span></span> <!></button> <button type="button" class="button bare icon"><!></button></li>`),er=K(`<ul class="svelte-g4rk1x"></ul>`),tr=K(`<section class="card stack"><h2> </h2> <div class="ends svelte-g4rk1x"><button type="button" class="button svelte-g4rk1x" title="I"><!><span> </span></button> <button type="button" class="button svelte-g4rk1x" title="O"><!><span> </span></button> <!></div> <!> <div class="row"><button type="button" class="button" title="M"><!> </button> <button type="button" class="button"><!> </button></div></section> <!> <section class="stack"><h2> </h2> <!></section> <!> <!>`,1);function nr(t,a){D(a,!0);let s=i(a,`editing`,15),c=432e5,l=G(void 0),u=G(``),d=G(null),p=G(null),m=H(()=>a.chosen.both),h=Intl.DateTimeFormat().resolvedOptions().timeZone,g=H(()=>e(m)&&F(`live/{id}/recording.mp4`,{id:a.id},{from:$(e(m).fromMs),to:$(e(m).toMs),start:`exact`,tz:h})),_=H(()=>e(l)?.find(e=>e.id===s()));async function v(){let e=pe(()=>a.transport.atMs)??A.nowMs();I(d,e,!0);try{await(async e=>{I(l,e.marks)})(await W(`get`,`/api/v1/cameras/{id}/events`,{path:{id:a.id},query:{from:$(e-c),to:$(e+c),limit:200}})),I(u,``)}catch(e){I(u,e instanceof Error?e.message:String(e),!0)}}ue(()=>{let t=a.transport.atMs;(e(d)===null||t!==null&&Math.abs(t-e(d))>108e5)&&v()}),y(()=>{let e,t=M([`recording_mark_added`,`recording_mark_changed`,`recording_mark_deleted`,`ready`],t=>{(t.camera===void 0||t.camera===a.id)&&(clearTimeout(e),e=setTimeout(()=>void v(),300))});return()=>(clearTimeout(e),t())});function x(e){let t=Date.parse(e.start);if(!e.end)return`${C(t)}, ${r(Z.open)}`;let n=Date.parse(e.end)-t;return n<1e3?C(t):`${C(t)}, ${Pe(n)}`}function C(e){return new Date(e).toDateString()===new Date(A.nowMs()).toDateString()?Oe(e):De(e)}var w=tr(),E=j(w),O=q(E),ee=B(O,!0),N=J(O,2),P=q(N),L=q(P);k(L,{get svg(){return Re}});var z=J(L),te=B(z,!0);Y(P);var ne=J(P,2),re=q(ne);k(re,{get svg(){return Ue}});var ie=J(re),ae=B(ie,!0);Y(ne);var V=J(ne,2),se=e=>{var t=Kn(),n=q(t);k(n,{get svg(){return ge}}),Y(t),U((e,n)=>{f(t,`title`,e),f(t,`aria-label`,n)},[()=>r(Z.clear),()=>r(Z.clear)]),T(`click`,t,()=>a.chosen.set(null)),o(e,t)};b(V,e=>{(a.chosen.fromMs!==null||a.chosen.toMs!==null)&&e(se)}),Y(N);var ce=J(N,2),K=t=>{var n=qn(),i=j(n),a=B(i,!0),s=J(i,2),c=q(s),l=q(c);k(l,{get svg(){return gn}});var u=J(l,1,!0);Y(c);var d=J(c,2),h=q(d);k(h,{get svg(){return _n}});var _=J(h,1,!0);Y(d),Y(s),U((t,n,r)=>{S(a,t),f(c,`href`,e(g)),S(u,n),S(_,r)},[()=>Pe(e(m).toMs-e(m).fromMs),()=>r(Z.download),()=>r(Z.makeFile)]),T(`click`,d,()=>I(p,`file`)),o(t,n)},le=e=>{var t=Jn(),n=B(t,!0);U(e=>S(n,e),[()=>r(Z.selectionHint)]),o(e,t)};b(ce,t=>{e(m)&&e(g)?t(K):t(le,-1)});var de=J(ce,2),fe=q(de),me=q(fe);k(me,{get svg(){return Le}});var he=J(me,1,!0);Y(fe);var _e=J(fe,2),ve=q(_e);k(ve,{get svg(){return yn}});var ye=J(ve,1,!0);Y(_e),Y(de),Y(E);var be=J(E,2);En(be,{get id(){return a.id}});var xe=J(be,2),Se=q(xe),Ce=B(Se,!0),we=J(Se,2),Te=t=>{oe(t,{kind:`bad`,get title(){return e(u)},children:(e,t)=>{var n=Yn(),i=B(n,!0);U(e=>S(i,e),[()=>r(X.tryAgain)]),T(`click`,n,()=>void v()),o(e,n)},$$slots:{default:!0}})},Ee=t=>{{let n=H(()=>r(X.loading));oe(t,{kind:`loading`,get title(){return e(n)}})}},Q=e=>{var t=Xn(),n=B(t);U((e,t)=>S(n,`${e??``} ${t??``}`),[()=>r(Z.noMarks),()=>r(Z.noMarksWords)]),o(e,t)},ke=t=>{var i=er();n(i,21,()=>e(l),e=>e.id,(t,n)=>{let i=H(()=>Date.parse(e(n).start));var c=$n(),l=q(c),u=q(l),d=q(u),p=B(d,!0),m=J(d),h=e=>{var t=Zn(),n=q(t);k(n,{get svg(){return bn},size:16});var i=J(n),a=B(i,!0);Y(t),U((e,n)=>{f(t,`title`,e),S(a,n)},[()=>r(Z.kept),()=>r(Z.kept)]),o(e,t)};b(m,t=>{e(n).keep&&t(h)});var g=J(m),_=B(g,!0);Y(u);var v=J(u,2),y=t=>{var r=Qn(),i=B(r,!0);U(()=>S(i,e(n).note)),o(t,r)};b(v,t=>{e(n).note&&t(y)}),Y(l);var w=J(l,2),E=q(w);k(E,{get svg(){return vn},size:18}),Y(w),Y(c),U((t,r,i,a)=>{f(l,`title`,t),S(p,e(n).kind),S(_,r),f(w,`title`,i),f(w,`aria-label`,a)},[()=>r(Z.goThere(C(e(i)))),()=>x(e(n)),()=>r(Z.edit),()=>`${r(Z.edit)}: ${e(n).kind}, ${C(e(i))}`]),T(`click`,l,()=>a.transport.seek(e(i))),T(`click`,w,()=>s(e(n).id)),o(t,c)}),Y(i),o(t,i)};b(we,t=>{e(u)?t(Te):e(l)?e(l).length===0?t(Q,2):t(ke,-1):t(Ee,1)}),Y(xe);var Ae=J(xe,2),je=t=>{{let n=H(()=>[...new Set(e(l)?.map(e=>e.kind))]);In(t,{get id(){return a.id},get mark(){return e(_)},get atMs(){return a.transport.atMs},get kinds(){return e(n)},onclose:()=>s(null)})}};b(Ae,t=>{e(_)&&t(je)});var Me=J(Ae,2),Ne=t=>{Gn(t,{get id(){return a.id},get status(){return a.status},get both(){return e(m)},get atMs(){return a.transport.playheadMs},onclose:()=>I(p,null)})},Fe=t=>{jn(t,{get id(){return a.id},get both(){return e(m)},onclose:()=>I(p,null)})};b(Me,t=>{e(p)===`share`?t(Ne):e(p)===`file`&&e(m)&&t(Fe,1)}),U((e,t,n,r,i,a)=>{S(ee,e),S(te,t),S(ae,n),S(he,r),S(ye,i),S(Ce,a)},[()=>r(Z.selection),()=>a.chosen.fromMs===null?r(Z.in):C(a.chosen.fromMs),()=>a.chosen.toMs===null?r(Z.out):C(a.chosen.toMs),()=>r(Z.markIt),()=>r(Z.share),()=>r(Z.marksNear)]),T(`click`,P,function(...e){a.deeds.in?.apply(this,e)}),T(`click`,ne,function(...e){a.deeds.out?.apply(this,e)}),T(`click`,fe,function(...e){a.deeds.mark?.apply(this,e)}),T(`click`,_e,()=>I(p,`share`)),o(t,w),R()}C([`click`]);var rr=[[/\b401\b|\b403\b|unauthori[sz]ed|forbidden|password|log ?in|credential/i,`login`],[/certificate|x509|tls/i,`certificate`],[/no such host|server misbehaving|lookup/i,`name`],[/connection refused/i,`refused`],[/\b404\b|not found/i,`path`],[/time ?out|timed out|deadline|no route|unreachable host|network is unreachable|host is down|reset|EOF|no picture|ended/i,`away`]];function ir(e,t){return t?rr.find(([t])=>t.test(e))?.[1]??`other`:`ask`}var ar=K(`<dt> </dt><dd> </dd>`,1),or=K(`<dt> </dt><dd class="numbers"> </dd>`,1),sr=K(`<br/> `,1),cr=K(`<dt> </dt><dd class="numbers warn"> </dd>`,1),lr=K(`<dt> </dt> <dd><span> </span><!> <!> <br/><span class="quiet small"> </span></dd> <!> <!>`,1),ur=K(`<p class="warn small"> </p>`),dr=K(`<p class="next svelte-1nas6zn"> </p>`),fr=K(`<section><h2 class="svelte-1nas6zn"> </h2> <p class="quiet small"> </p> <p> </p> <!></section>`),pr=K(`<p class="quiet"> </p>`),mr=K(`<li class="row svelte-1nas6zn"><div class="svelte-1nas6zn"><p><b> </b> <span class="quiet"> </span></p> <p class="quiet small numbers"> <!> <!></p></div></li>`),hr=K(`<section class="stack"><h2 class="svelte-1nas6zn"> </h2> <!> <ul class="svelte-1nas6zn"></ul></section>`),gr=K(`<dl class="facts"><!> <!> <!> <!> <!> <!></dl> <!> <!> <!>`,1);function _r(t,i){D(i,!0);let a=H(()=>A.me?.admin===!0),s=H(()=>i.status?.recording),c=H(()=>i.status?.sound),l=H(()=>i.status?.last_error),u=H(()=>[i.status?.codec?.toUpperCase(),i.status?.width?`${i.status.width} × ${i.status.height}`:``,i.status?.fps?r(Z.perSecond(Q(i.status.fps,1))):``].filter(Boolean).join(` · `)),d=H(()=>i.status!==void 0&&e(l)!==void 0&&i.status.state!==`online`);var f=gr(),p=j(f),m=q(p),h=e=>{var t=ar(),n=j(t),a=B(n,!0),s=J(n);let c;var l=B(s,!0);U((e,t)=>{S(a,e),c=_(s,1,``,null,c,{bad:i.status.state===`offline`,good:i.status.state===`online`}),S(l,t)},[()=>r(Z.state),()=>r(Z.cameraStates[i.status.state])]),o(e,t)};b(m,e=>{i.status?.state&&e(h)});var g=J(m,2),v=e=>{var t=ar(),n=j(t),a=B(n,!0),s=J(n),c=B(s,!0);U(e=>{S(a,e),S(c,i.camera.source)},[()=>r(Z.source)]),o(e,t)};b(g,e=>{i.camera?.source&&e(v)});var y=J(g,2),C=t=>{var n=or(),i=j(n),a=B(i,!0),s=J(i),c=B(s,!0);U(t=>{S(a,t),S(c,e(u))},[()=>r(Z.pictures)]),o(t,n)};b(y,t=>{e(u)&&t(C)});var T=J(y,2),E=t=>{var n=or(),i=j(n),a=B(i,!0),s=J(i),l=B(s);U((e,t,n,r)=>{S(a,e),S(l,`${t??``} · ${n??``} kHz · ${r??``}`)},[()=>r(Z.sound),()=>e(c).codec.toUpperCase(),()=>Q(e(c).rate/1e3,1),()=>r(Z.channels(e(c).channels))]),o(t,n)};b(T,t=>{e(c)&&t(E)});var O=J(T,2),k=e=>{var t=or(),n=j(t),a=B(n,!0),s=J(n),c=B(s,!0);U((e,t)=>{S(a,e),S(c,t)},[()=>r(Z.viewers),()=>Q(i.status.viewers)]),o(e,t)};b(O,e=>{i.status?.state&&e(k)});var ee=J(O,2),M=t=>{var n=lr(),i=j(n),a=B(i,!0),c=J(i,2),l=q(c);let u;var d=B(l,!0),f=J(l),p=t=>{var n=w();U(e=>S(n,`, ${e??``}`),[()=>r(Z.since(Ne(e(s).since,A.nowMs())))]),o(t,n)};b(f,t=>{e(s).since&&t(p)});var m=J(f,2),h=t=>{var n=sr(),r=J(j(n),1,!0);U(()=>S(r,e(s).reason)),o(t,n)};b(m,t=>{e(s).reason&&t(h)});var g=J(m,3),v=B(g);Y(c);var y=J(c,2),x=t=>{var n=or(),i=j(n),a=B(i,!0),c=J(i),l=B(c,!0);U((e,t)=>{S(a,e),S(l,t)},[()=>r(Z.newestAt),()=>Oe(e(s).newest)]),o(t,n)};b(y,t=>{e(s).newest&&t(x)});var C=J(y,2),T=t=>{var n=cr(),i=j(n),a=B(i,!0),c=J(i),l=B(c,!0);U((e,t)=>{S(a,e),S(l,t)},[()=>r(Z.lost),()=>Q(e(s).lost)]),o(t,n)};b(C,t=>{e(s).lost>0&&t(T)}),U((t,n,r,i,o)=>{S(a,t),u=_(l,1,`svelte-1nas6zn`,null,u,{record:e(s).state===`recording`,bad:n}),S(d,r),S(v,`${i??``} · ${o??``}`)},[()=>r(Z.recording),()=>![`recording`,`off`,`waiting`].includes(e(s).state),()=>r(Z.recordingStates[e(s).state]),()=>r(Z.recordingModes[e(s).mode]),()=>je(e(s).bytes)]),o(t,n)};b(ee,t=>{e(s)&&t(M)}),Y(p);var N=J(p,2),P=e=>{var t=ur(),n=B(t,!0);U(e=>S(n,e),[()=>r(Z.crowded)]),o(e,t)};b(N,t=>{e(s)?.crowded&&t(P)});var F=J(N,2),I=t=>{var n=fr();let i;var s=q(n),c=B(s,!0),u=J(s,2),f=B(u,!0),p=J(u,2),m=B(p,!0),h=J(p,2),g=t=>{var n=dr(),i=B(n,!0);U(e=>S(i,e),[()=>r(Z.nextSteps[ir(e(l).text,e(a))])]),o(t,n)};b(h,t=>{e(d)&&t(g)}),Y(n),U((t,r)=>{i=_(n,1,`card svelte-1nas6zn`,null,i,{late:e(d)}),S(c,t),S(f,r),S(m,e(l).text)},[()=>r(Z.lastError),()=>De(e(l).at)]),o(t,n)};b(F,t=>{e(l)&&t(I)});var L=J(F,2),z=t=>{var a=hr(),s=q(a),c=B(s,!0),l=J(s,2),u=e=>{var t=pr(),n=B(t,!0);U(e=>S(n,e),[()=>r(Z.nobody)]),o(e,t)};b(l,e=>{i.status.watching?.length||e(u)});var d=J(l,2);n(d,21,()=>i.status.watching??[],x,(t,n)=>{var i=mr(),a=q(i),s=q(a),c=q(s),l=B(c,!0),u=J(c,2),d=B(u,!0);Y(s);var f=J(s,2),p=q(f),m=J(p),h=t=>{var i=w();U(e=>S(i,`· ${e??``}`),[()=>r(Z.behind(Q(e(n).player.delay_ms)))]),o(t,i)};b(m,t=>{e(n).player&&t(h)});var g=J(m,2),_=t=>{var i=w();U(e=>S(i,`· ${e??``}`),[()=>r(Z.leftOut(Q(e(n).dropped)))]),o(t,i)};b(g,t=>{e(n).dropped>0&&t(_)}),Y(f),Y(a),Y(i),U(t=>{S(l,e(n).principal),S(d,e(n).address),S(p,`${e(n).form??``}${e(n).rendition?` · ${e(n).rendition}`:``} · ${t??``} `)},[()=>r(Z.since(Ne(e(n).since,A.nowMs())))]),o(t,i)}),Y(d),Y(a),U(e=>S(c,e),[()=>r(Z.watching)]),o(t,a)};b(L,t=>{e(a)&&i.status&&t(z)}),o(t,f),R()}var vr=K(`<span> <b class="svelte-lfep2u"> </b></span>`),yr=K(`<figure class="svelte-lfep2u"><figcaption class="row svelte-lfep2u"><span> </span> <span class="spread numbers"></span></figcaption> <div class="plot svelte-lfep2u"></div></figure>`),br=K(`<tr><th scope="row"> </th><td class="numbers"> </td><td class="numbers"> </td></tr>`),xr=K(`<section><h2> </h2> <div class="scroll"><table><tbody></tbody></table></div></section>`),Sr=K(`<p class="quiet small"> </p> <!> <!>`,1);function Cr(t,i){D(i,!0);let a=[{name:`bits`,series:[{key:`bitsPerSecond`,words:``}],say:e=>`${je(e).replace(/B$/,`bit`)}/s`},{name:`fps`,series:[{key:`fps`,words:``}],say:e=>Q(e,1)},{name:`delay`,series:[{key:`delayMs`,words:``}],say:e=>`${Q(e)} ms`},{name:`drops`,series:[{key:`droppedHere`,words:r(Z.hereSeries)},{key:`dropped`,words:r(Z.everybody)}],say:e=>Q(e)},{name:`viewers`,series:[{key:`viewers`,words:``}],say:e=>Q(e)}],s=H(()=>i.history.rows.at(-1));function c(e){return t=>{let n=null,r=!1;return fe(async()=>{let{draw:e}=await import(`./plots.js`);return{draw:e}},[],import.meta.url).then(({draw:a})=>{r||(n=a(t,e),n.set(i.history.rows))}),ue(()=>{let{rows:e}=i.history;n?.set(e)}),()=>{r=!0,n?.close()}}}var l=u(),d=j(l),f=t=>{{let n=H(()=>r(X.loading)),i=H(()=>r(Z.gathering));oe(t,{kind:`loading`,get title(){return e(n)},get words(){return e(i)}})}},p=t=>{var l=Sr(),u=j(l),d=B(u,!0),f=J(u,2);n(f,17,()=>a,({name:e,series:t,say:n})=>e,(t,i)=>{let a=()=>e(i).name,l=()=>e(i).series,u=()=>e(i).say;var d=yr(),f=q(d),p=q(f),m=B(p,!0),h=J(p,2);n(h,23,l,({key:e,words:t})=>e,(t,n,r)=>{let i=()=>e(n).key,a=()=>e(n).words,c=H(()=>e(s)?.[i()]??null);var l=vr(),d=q(l),f=J(d),p=B(f,!0);Y(l),U(t=>{_(l,1,`of${e(r)??``}`,`svelte-lfep2u`),S(d,`${e(r)>0?` · `:``}${a()??``} `),S(p,t)},[()=>e(c)===null?`–`:u()(e(c))]),o(t,l)}),Y(h),Y(f);var g=J(f,2);ye(g,()=>c(l())),Y(d),U(e=>S(m,e),[()=>r(Z.plots[a()])]),o(t,d)});var p=J(f,2),m=t=>{var a=xr(),s=q(a),c=B(s,!0),l=J(s,2),u=q(l),d=q(u);n(d,21,()=>i.status.streams,e=>e.rendition,(t,n)=>{var i=br(),a=q(i),s=B(a,!0),c=J(a),l=B(c,!0),u=J(c),d=B(u,!0);Y(i),U((e,t,n)=>{S(s,e),S(l,t),S(d,n)},[()=>e(n).rendition||r(Z.original),()=>[e(n).codec?.toUpperCase(),e(n).width?`${e(n).width} × ${e(n).height}`:``,Q(e(n).fps,1)].filter(Boolean).join(` · `),()=>je(e(n).bytes)]),o(t,i)}),Y(d),Y(u),Y(l),Y(a),U(e=>S(c,e),[()=>r(Z.streams)]),o(t,a)};b(p,e=>{i.status&&i.status.streams.length>0&&e(m)}),U(e=>S(d,e),[()=>r(Z.tenMinutes)]),o(t,l)};b(d,e=>{i.history.rows.length<2?e(f):e(p,-1)}),o(t,l),R()}var wr=K(`<button type="button" role="tab" class="svelte-10c8j6e"> </button>`),Tr=K(`<div class="tabs svelte-10c8j6e" role="tablist" tabindex="-1"></div> <div class="stack" role="tabpanel" tabindex="-1"><!></div>`,1);function Er(t,i){let a=l();D(i,!0);let s=[`marks`,`now`,`statistics`,`addresses`],c=H(()=>s.filter(e=>e===`marks`?i.past:i.status!==void 0||e===`now`)),u=H(()=>e(c).find(e=>e===se.query.get(`panel`))??e(c)[0]),d=G(null);function p(e){I(d,e,!0),m(`marks`)}function m(t){de({panel:t===e(c)[0]?null:t})}function h(t){let n={ArrowLeft:-1,ArrowRight:1}[t.key];if(!n)return;t.preventDefault();let r=e(c)[(e(c).indexOf(e(u))+n+e(c).length)%e(c).length];m(r),document.getElementById(`${a}-${r}`)?.focus()}var g={editMark:p},_=Tr(),v=j(_);n(v,20,()=>e(c),e=>e,(t,n)=>{var i=wr(),s=B(i,!0);U(t=>{f(i,`id`,`${a}-${n??``}`),f(i,`aria-selected`,n===e(u)),f(i,`aria-controls`,`${a}-panel`),f(i,`tabindex`,n===e(u)?0:-1),S(s,t)},[()=>r(Z[n])]),T(`click`,i,()=>m(n)),o(t,i)}),Y(v);var y=J(v,2),x=q(y),C=t=>{nr(t,{get id(){return i.id},get status(){return i.status},get transport(){return i.transport},get chosen(){return i.chosen},get deeds(){return i.deeds},get editing(){return e(d)},set editing(e){I(d,e,!0)}})},w=e=>{_r(e,{get camera(){return i.camera},get status(){return i.status}})},E=e=>{Cr(e,{get history(){return i.history},get status(){return i.status}})},O=e=>{hn(e,{get id(){return i.id},get title(){return i.title},get camera(){return i.camera},get status(){return i.status},get atMs(){return i.transport.playheadMs}})};return b(x,t=>{e(u)===`marks`?t(C):e(u)===`now`?t(w,1):e(u)===`statistics`?t(E,2):t(O,-1)}),Y(y),U(t=>{f(v,`aria-label`,t),f(y,`id`,`${a}-panel`),f(y,`aria-labelledby`,`${a}-${e(u)??``}`)},[()=>r(Z.panels)]),T(`keydown`,v,h),o(t,_),R(g)}C([`keydown`,`click`]);var Dr=class{#e=G(null);get fromMs(){return e(this.#e)}set fromMs(e){I(this.#e,e,!0)}#t=G(null);get toMs(){return e(this.#t)}set toMs(e){I(this.#t,e,!0)}get both(){return this.fromMs===null||this.toMs===null?null:{fromMs:this.fromMs,toMs:this.toMs}}begin(e){this.fromMs=e,this.toMs!==null&&this.toMs<=e&&(this.toMs=null)}end(e){this.toMs=e,this.fromMs!==null&&this.fromMs>=e&&(this.fromMs=null)}set(e){this.fromMs=e?.fromMs??null,this.toMs=e?.toMs??null}};function Or(e,t){let n=new Date(t),r=e=>String(e).padStart(2,`0`);return`${e}_${[n.getFullYear(),r(n.getMonth()+1),r(n.getDate())].join(`-`)}_${[n.getHours(),n.getMinutes(),n.getSeconds()].map(r).join(`-`)}.jpg`}async function kr(e,t){let n=await fetch(e,{cache:`no-store`});if(!n.ok)throw Error((await n.text()).trim()||n.statusText);let r=document.createElement(`a`);r.href=URL.createObjectURL(await n.blob()),r.download=t,r.click(),setTimeout(()=>URL.revokeObjectURL(r.href),6e4)}var Ar=K(`<span><!> </span>`),jr=K(`<a class="button bare"><!><span class="wide svelte-3209tu"> </span></a>`),Mr=K(`<a class="button bare icon"><!></a>`),Nr=K(`<p class="said svelte-3209tu" role="status"> </p>`),Pr=K(`<p class="said svelte-3209tu"> </p>`),Fr=K(`<div class="view svelte-3209tu"><header class="row svelte-3209tu"><a class="button bare icon"><!></a> <h1 class="svelte-3209tu"> </h1> <!> <span class="spread row"><!> <!></span></header> <!> <div class="columns svelte-3209tu"><section><div class="picture svelte-3209tu"><framegate-player></framegate-player> <!></div> <div class="below svelte-3209tu"><!></div></section> <aside class="svelte-3209tu"><!></aside></div></div> <!>`,3);function Ir(t,n){D(n,!0);let i=H(()=>A.status(n.id)),a=H(()=>n.camera?.name||n.id),s=null,c=new dt({now:()=>A.nowMs(),hole:(e,t)=>Xt(n.id,e,t),pictureMs:()=>s??(e(i)?.fps?1e3/e(i).fps:40),newest:pe(()=>n.present?null:()=>Math.max(n.newestMs??0,Date.parse(A.status(n.id)?.recording?.newest??``)||0)-1e4)}),l=new et(c,(e,t)=>e===`playback`&&he(`bad`,t)),u=new Ct,p=new Dr,h,v=G(void 0),x=G(null),C=G(!1),w=G(!1),E=null;re(()=>{let e=se.query.get(`at`);e!==E&&(E=e,pe(()=>ee(e)))});function ee(e){let t=e===null?NaN:Date.parse(e);Number.isNaN(t)?c.past&&c.live():n.past?c.seek(t):he(`info`,r(Z.noPast))}let M=H(()=>Object.fromEntries(Qe.map(e=>[e,se.query.get(e)]))),N=H(()=>V(`live/${encodeURIComponent(n.id)}${n.present?``:`/recording`}`));ue(()=>{l.show({src:e(N),label:e(a),poster:n.present?null:`none`,...e(M)})}),ue(()=>{A.overview&&e(i)&&pe(()=>u.take(A.nowMs(),e(i),c.past?null:l.measure))}),ue(()=>{if(!c.paused||!c.past)return;let e=new AbortController,t=pe(()=>c.atMs);return t!==null&&Qt(n.id,t,e.signal).then(e=>s=e,()=>void 0),()=>e.abort()}),y(()=>{let e=setInterval(()=>c.tick(),200),t=setInterval(()=>{let e=c.playheadMs;!n.past||e===null&&c.past||(E=e===null?null:$(e),de({at:E}))},2e3);return()=>{clearInterval(e),clearInterval(t)}});let P={toggle:()=>c.toggle(),slower:()=>c.shuttle(-1),stop:()=>c.pause(),faster:()=>c.shuttle(1),stepBack:()=>c.stepBy(-1),stepOn:()=>c.stepBy(1),backTen:()=>c.by(-1e4),onTen:()=>c.by(1e4),live:()=>c.live(),in:()=>p.begin(F()),out:()=>p.end(F()),mark:()=>void te(),full:()=>void ae(),mute:()=>l.sound?.available&&l.setMuted(!l.muted),snapshot:()=>void ie()};y(()=>ne(Z.picture,Dt(n.past,P)));function F(){return c.atMs??A.nowMs()}async function te(){let{fromMs:t,toMs:i}=p.both??{fromMs:F(),toMs:F()};await L(async()=>{let a=await W(`post`,`/api/v1/cameras/{id}/events`,{path:{id:n.id},body:{kind:`mark`,start:$(t),end:$(i)}});he(`good`,r(Z.marked(Oe(t))),{words:r(Z.edit),run:()=>e(v)?.editMark(a.id)})})}async function ie(){let e=c.playheadMs,t=`live/${encodeURIComponent(n.id)}`,r=e===null?`${t}.jpg`:`${t}/recording.jpg?at=${encodeURIComponent($(e))}`;await L(()=>kr(V(r),Or(n.id,F())))}async function ae(){document.fullscreenElement?await document.exitFullscreen():e(C)?I(C,!1):h.requestFullscreen?await h.requestFullscreen().catch(()=>I(C,!0)):I(C,!0)}let oe;function K(){I(w,!1),clearTimeout(oe),oe=setTimeout(()=>I(w,e(C)&&!h.matches(`:has(:focus-visible)`),!0),3e3)}let fe=H(()=>l.size??(e(i)?.width&&e(i).height?{width:e(i).width,height:e(i).height}:{width:16,height:9})),ge=H(()=>e(i)?.recording);var X=Fr();g(`keydown`,ce,K),g(`fullscreenchange`,O,()=>(I(C,document.fullscreenElement===h),K()));var _e=j(X),ve=q(_e),be=q(ve),xe=q(be);k(xe,{get svg(){return Se}}),Y(be);var Te=J(be,2),Ee=B(Te,!0),De=J(Te,2),Q=t=>{var n=Ar();let i;var a=q(n);k(a,{get svg(){return we},size:14});var s=J(a,1,!0);Y(n),U(t=>{i=_(n,1,`chip svelte-3209tu`,null,i,{recording:e(ge).state===`recording`,bad:e(ge).state!==`recording`&&e(ge).state!==`off`&&e(ge).state!==`waiting`}),f(n,`title`,e(ge).reason||void 0),S(s,t)},[()=>r(Z.recordingStates[e(ge).state])]),o(t,n)};b(De,t=>{e(ge)&&e(ge).mode!==`off`&&t(Q)});var ke=J(De,2),Ae=q(ke),je=e=>{var t=jr(),i=q(t);k(i,{get svg(){return Ce}});var a=J(i),s=B(a,!0);Y(t),U((e,n,r)=>{f(t,`href`,e),f(t,`title`,n),S(s,r)},[()=>V(`broadcast/${encodeURIComponent(n.id)}`),()=>r(Z.broadcast),()=>r(Z.broadcast)]),o(e,t)},Me=H(()=>me(n.camera,`publish`)&&e(i)?.links.publish);b(Ae,t=>{e(Me)&&t(je)});var Ne=J(Ae,2),Pe=e=>{var t=Mr(),i=q(t);k(i,{get svg(){return z}}),Y(t),U((e,n,r)=>{f(t,`href`,e),f(t,`title`,n),f(t,`aria-label`,r)},[()=>V(`settings/cameras?camera=${encodeURIComponent(n.id)}`),()=>r(Z.settings),()=>r(Z.settings)]),o(e,t)};b(Ne,e=>{A.me?.admin&&n.camera&&e(Pe)}),Y(ke),Y(ve);var Fe=J(ve,2),Ie=e=>{var t=Nr(),n=B(t,!0);U(e=>S(n,e),[()=>r(Z.removedRecorded)]),o(e,t)},Le=e=>{var t=Pr(),n=B(t,!0);U(e=>S(n,e),[()=>r(Z.noPresent)]),o(e,t)};b(Fe,e=>{n.camera?n.present||e(Le,1):e(Ie)});var Re=J(Fe,2),ze=q(Re);let Be;var Ve=q(ze),He=q(Ve);_(He,1,`svelte-3209tu`);let Ue;ye(He,()=>l.attach),zt(J(He,2),{get screen(){return l},get transport(){return c}}),Y(Ve);var We=J(Ve,2);bt(q(We),{get screen(){return l},get transport(){return c},get present(){return n.present},get past(){return n.past},get full(){return e(C)},get deeds(){return P},options:()=>I(x,`options`),help:()=>I(x,`keys`),float:()=>void L(()=>rt(l.surface))}),Y(We),Y(ze),m(ze,e=>h=e,()=>h);var Ge=J(ze,2),Ke=q(Ge);m(Er(Ke,{get id(){return n.id},get camera(){return n.camera},get status(){return e(i)},get title(){return e(a)},get past(){return n.past},get transport(){return c},get chosen(){return p},get history(){return u},get deeds(){return P}}),e=>I(v,e,!0),()=>e(v)),Y(Ge),Y(Re),Y(_e);var qe=J(_e,2),Je=e=>{le(e,{onclose:()=>I(x,null)})},Ye=e=>{jt(e,{get transport(){return c},get screen(){return l},get past(){return n.past},onclose:()=>I(x,null)})};b(qe,t=>{e(x)===`keys`?t(Je):e(x)===`options`&&t(Ye,1)}),U((t,n,r,i)=>{f(be,`href`,t),f(be,`title`,n),f(be,`aria-label`,r),S(Ee,e(a)),Be=_(ze,1,`stage svelte-3209tu`,null,Be,{full:e(C),idle:e(w)}),f(ze,`aria-label`,i),Ue=d(He,``,Ue,{"--framegate-aspect":`${e(fe).width} / ${e(fe).height}`})},[()=>V(``),()=>r(Z.back),()=>r(Z.back),()=>r(Z.picture)]),T(`pointermove`,ze,K),T(`pointerdown`,ze,K),T(`dblclick`,Ve,()=>void ae()),o(t,X),R()}C([`pointermove`,`pointerdown`,`dblclick`]);var Lr=xe({default:()=>Hr}),Rr=K(`<a class="button primary"> </a> <a class="button"> </a>`,1),zr=K(`<button type="button" class="button"> </button>`),Br=K(`<!> <a class="button primary"> </a>`,1),Vr=K(`<a class="button primary"> </a>`);function Hr(t,n){D(n,!0);let i=H(()=>A.camera(n.id)),a=H(()=>me(e(i),`view`)),c=H(()=>me(e(i),`playback`)),l=H(()=>me(e(i),`publish`)),d=G(!1),p=G(void 0),m=G(!1);ue(()=>{if(A.cameras===void 0||e(a)||e(i)&&!e(c))return;let t=new AbortController,r=()=>void Yt(n.id,t.signal).then(e=>I(p,e,!0),()=>I(p,e(p)??(t.signal.aborted?void 0:null),!0));r();let o=M([`ready`],()=>e(p)??r());return()=>{o(),t.abort(),I(p,void 0)}}),ue(()=>{e(i)&&I(d,!0)}),ue(()=>{document.title=r(Z.title(e(i)?.name??n.id))});let h=H(()=>e(l)&&!e(a)&&!e(c));var g=u(),_=j(g),v=t=>{{let n=H(()=>r(X.loading));oe(t,{kind:`loading`,get title(){return e(n)}})}},y=t=>{var r=u(),l=j(r);s(l,()=>`${e(a)} ${e(c)}`,t=>{{let r=H(()=>e(p)??null);Ir(t,{get id(){return n.id},get camera(){return e(i)},get present(){return e(a)},get past(){return e(c)},get newestMs(){return e(r)}})}}),o(t,r)},x=t=>{{let i=H(()=>r(Z.publishOnly)),a=H(()=>r(Z.publishOnlyWords));oe(t,{get title(){return e(i)},get words(){return e(a)},children:(e,t)=>{var i=Rr(),a=j(i),s=B(a,!0),c=J(a,2),l=B(c,!0);U((e,t,n,r)=>{f(a,`href`,e),S(s,t),f(c,`href`,n),S(l,r)},[()=>V(`broadcast/${n.id}`),()=>r(Z.broadcast),()=>V(``),()=>r(Z.back)]),o(e,i)},$$slots:{default:!0}})}},C=t=>{Ir(t,{get id(){return n.id},camera:void 0,present:!1,past:!0,get newestMs(){return e(p)}})},w=t=>{{let n=H(()=>r(Z.removed)),i=H(()=>typeof e(p)==`number`?r(Z.removedWords):``);oe(t,{get title(){return e(n)},get words(){return e(i)},children:(t,n)=>{var i=Br(),a=j(i),s=e=>{var t=zr(),n=B(t,!0);U(e=>S(n,e),[()=>r(Z.seeRecordings)]),T(`click`,t,()=>I(m,!0)),o(e,t)};b(a,t=>{typeof e(p)==`number`&&t(s)});var c=J(a,2),l=B(c,!0);U((e,t)=>{f(c,`href`,e),S(l,t)},[()=>V(``),()=>r(Z.back)]),o(t,i)},$$slots:{default:!0}})}},E=t=>{{let n=H(()=>r(Z.unknown)),i=H(()=>r(Z.unknownWords));oe(t,{get title(){return e(n)},get words(){return e(i)},children:(e,t)=>{var n=Vr(),i=B(n,!0);U((e,t)=>{f(n,`href`,e),S(i,t)},[()=>V(``),()=>r(Z.back)]),o(e,n)},$$slots:{default:!0}})}};b(_,t=>{A.cameras===void 0||!e(a)&&!e(h)&&e(p)===void 0&&(!e(i)||e(c))?t(v):e(a)||e(i)&&e(c)&&e(p)!==void 0?t(y,1):e(h)?t(x,2):typeof e(p)==`number`&&(e(m)||!e(d))?t(C,3):e(d)?t(w,4):t(E,-1)}),o(t,g),R()}C([`click`]);export{Hr as default,Oe as n,Q as r,Lr as t};