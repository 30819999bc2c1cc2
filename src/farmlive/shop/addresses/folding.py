"""Fold a text for matching, character by character: wide digits and letters become plain ones,
traditional Chinese characters simplified ones.

The folded text is as long as the text, so that a match in it is a place in the text.
"""

import unicodedata

from farmlive.people.core.traditional import SIMPLIFIED

# Pairs of the characters that stand in names of divisions and in words of addresses, as OpenCC
# (Apache-2.0) maps them; those of `people.core.traditional` are not repeated.
_PAIRS = """
侖仑 倉仓 僕仆 兗兖 冊册 凱凯 別别 則则 勸劝 勻匀 匯汇 叢丛 啓启 堯尧 塗涂 塢坞 墊垫 墾垦 壇坛 壘垒
壟垄 壢坜 壩坝 壺壶 夾夹 宮宫 層层 峯峰 崍崃 崑昆 崙仑 嵐岚 嶗崂 嶧峄 嶼屿 巖岩 幹干 庫库 廂厢 廈厦
廬庐 彌弥 彙汇 彥彦 慄栗 憑凭 撫抚 敘叙 昇升 柺拐 棗枣 棟栋 棲栖 極极 樅枞 樑梁 樓楼 樸朴 樺桦 橫横
欄栏 欒栾 欖榄 欽钦 涇泾 涼凉 淥渌 淨净 淩凌 淶涞 渦涡 渾浑 湞浈 準准 溝沟 溮浉 滄沧 滎荥 漣涟 漵溆
潁颍 潛潜 潯浔 澗涧 澠渑 澱淀 濰潍 瀋沈 瀏浏 瀘泸 瀝沥 灘滩 灤滦 為为 烏乌 煙烟 煩烦 熱热 燈灯 爐炉
爲为 猶犹 獲获 琿珲 甌瓯 甕瓮 甦苏 畝亩 畢毕 疇畴 硯砚 碭砀 礄硚 礦矿 祿禄 禪禅 稜棱 稱称 穀谷 窪洼
箇个 納纳 絳绛 綏绥 綜综 綿绵 編编 縉缙 績绩 脫脱 腳脚 膠胶 臘腊 臥卧 臺台 荊荆 蓋盖 蔭荫 蕪芜 薊蓟
薌芗 藺蔺 蘄蕲 蘊蕴 衆众 衝冲 託托 訥讷 詔诏 謀谋 謨谟 譙谯 譜谱 貢贡 資资 賚赉 賽赛 輿舆 轄辖 遜逊
遼辽 郟郏 郵邮 鄆郓 鄖郧 鄲郸 鄴邺 釣钓 鉅巨 鉛铅 銅铜 錫锡 錯错 鎣蓥 鑲镶 鑼锣 閘闸 閩闽 閬阆 陘陉
陝陕 隴陇 鞏巩 頗颇 額额 駐驻 驊骅 驛驿 體体 鬥斗 鬱郁 鮁鲅 鳩鸠 鳴鸣 鶯莺 鹹咸 鹼碱 鹽盐
"""
_SIMPLE = SIMPLIFIED | {ord(pair[0]): pair[1] for pair in _PAIRS.split()}


def fold(text: str) -> str:
    """Return the folded text, which has the same length."""
    return "".join(map(_fold, text))


def _fold(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) != 1:
        return character
    return _SIMPLE.get(ord(plain), plain)
