"""The English names of China's divisions: pinyin and the kind of place, as usual.

Places whose names are not Chinese have their usual English names, as have the districts of Hong
Kong and Macao and Taiwan's cities and counties. Characters that are read in more than one way have
their reading here.
"""

import re
from collections.abc import Callable, Mapping

# Syllables without tones, ü written so.
Pinyin = Callable[[str], list[str]]


def _table(text: str) -> dict[str, str]:
    """Parse `name words; name words` into a mapping."""
    entries = [entry.split() for entry in text.split(";")]
    return {name: " ".join(words) for name, *words in entries}


# What the whole of it is called, whatever else a rule would make of it.
_WHOLE = _table(
    """
    内蒙古自治区 Inner Mongolia; 广西壮族自治区 Guangxi; 西藏自治区 Tibet (Xizang);
    宁夏回族自治区 Ningxia; 新疆维吾尔自治区 Xinjiang; 陕西省 Shaanxi Province;
    香港特别行政区 Hong Kong; 澳门特别行政区 Macao; 台湾省 Taiwan;
    省直辖县 Counties under the province; 自治区直辖县级行政区划 Cities under the region;
    县 Counties; 市辖区 Districts; 城区 Urban District; 郊区 Suburban District;
    其它区 Elsewhere in the city; 大兴安岭地区 Greater Khingan Prefecture;
    神农架林区 Shennongjia Forestry District; 乌拉盖管委会 Ulagai Management Area;
    大柴旦行政委员会 Da Qaidam; 华南热作学院 South China Academy of Tropical Crops;
    火炬开发区街道办事处 Huoju Development Zone; 保定白沟新城 Baigou New City;
    东莞港 Dongguan Port; 太鲁阁 Taroko; 芒市 Mangshi
    """
)
_WHOLE_IN = {
    "81": _table(
        """
        香港岛 Hong Kong Island; 九龙 Kowloon; 新界 New Territories;
        中西区 Central and Western District; 湾仔区 Wan Chai District; 东区 Eastern District;
        南区 Southern District; 九龙城区 Kowloon City District; 油尖旺区 Yau Tsim Mong District;
        深水埗区 Sham Shui Po District; 黄大仙区 Wong Tai Sin District; 观塘区 Kwun Tong District;
        葵青区 Kwai Tsing District; 荃湾区 Tsuen Wan District; 屯门区 Tuen Mun District;
        元朗区 Yuen Long District; 北区 North District; 大埔区 Tai Po District;
        沙田区 Sha Tin District; 西贡区 Sai Kung District; 离岛区 Islands District
        """
    ),
    "82": _table(
        """
        澳门半岛 Macao Peninsula; 离岛 The Islands; 路氹填海区 Cotai;
        花地玛堂区 Nossa Senhora de Fátima; 花王堂区 Santo António; 望德堂区 São Lázaro;
        大堂区 Sé; 风顺堂区 São Lourenço; 嘉模堂区 Nossa Senhora do Carmo;
        圣方济各堂区 São Francisco Xavier
        """
    ),
}

# What its own name is, without the kind of place.
_OWN = _table(
    """
    呼和浩特 Hohhot; 鄂尔多斯 Ordos; 呼伦贝尔 Hulunbuir; 巴彦淖尔 Bayannur; 乌兰察布 Ulanqab;
    乌兰浩特 Ulanhot; 锡林郭勒 Xilingol; 锡林浩特 Xilinhot; 二连浩特 Erenhot; 兴安 Hinggan;
    阿拉善 Alxa; 阿拉善左 Alxa Left; 阿拉善右 Alxa Right;
    海拉尔 Hailar; 额尔古纳 Ergun; 霍林郭勒 Holingol; 扎兰屯 Zalantun;
    扎赉诺尔 Jalainur; 额济纳 Ejin; 土默特 Tumed; 达尔罕茂明安联合 Darhan Muminggan United;
    鄂托克 Otog; 鄂托克前 Otog Front; 准格尔 Jungar; 达拉特 Dalad; 杭锦 Hanggin;
    杭锦后 Hanggin Rear; 乌审 Uxin; 伊金霍洛 Ejin Horo; 阿鲁科尔沁 Ar Horqin; 巴林左 Bairin Left;
    巴林右 Bairin Right; 克什克腾 Hexigten; 翁牛特 Ongniud; 喀喇沁 Harqin; 科尔沁 Horqin;
    科尔沁左翼中 Horqin Left Middle; 科尔沁左翼后 Horqin Left Rear;
    科尔沁右翼前 Horqin Right Front; 科尔沁右翼中 Horqin Right Middle; 库伦 Hure; 扎鲁特 Jarud;
    扎赉特 Jalaid; 阿荣 Arun; 陈巴尔虎 Old Barag; 新巴尔虎左 New Barag Left;
    新巴尔虎右 New Barag Right; 莫力达瓦 Morin Dawa; 乌拉特前 Urad Front; 乌拉特中 Urad Middle;
    乌拉特后 Urad Rear; 察哈尔右翼前 Chahar Right Front; 察哈尔右翼中 Chahar Right Middle;
    察哈尔右翼后 Chahar Right Rear; 阿巴嘎 Abag; 苏尼特左 Sonid Left; 苏尼特右 Sonid Right;
    东乌珠穆沁 East Ujimqin; 西乌珠穆沁 West Ujimqin; 太仆寺 Taibus; 镶黄 Bordered Yellow;
    正镶白 Plain and Bordered White; 正蓝 Plain Blue; 土默特左 Tumed Left; 土默特右 Tumed Right;
    哈尔滨 Harbin; 齐齐哈尔 Qiqihar; 富拉尔基 Fularji; 喀喇沁左翼 Harqin Left Wing;
    前郭尔罗斯 Qian Gorlos; 杜尔伯特 Dorbod; 拉萨 Lhasa; 日喀则 Shigatse; 昌都 Chamdo;
    林芝 Nyingchi; 那曲 Nagqu; 阿里 Ngari; 桑珠孜 Samzhubzê; 卡若 Karub; 乃东 Nêdong;
    堆龙德庆 Doilungdêqên; 达孜 Dagzê; 江孜 Gyangzê; 定日 Tingri; 聂拉木 Nyalam; 吉隆 Gyirong;
    墨脱 Mêdog; 米林 Mainling; 波密 Bomê; 察隅 Zayü; 错那 Cona; 噶尔 Gar; 普兰 Burang; 札达 Zanda;
    日土 Rutog; 改则 Gêrzê; 乌鲁木齐 Ürümqi; 克拉玛依 Karamay; 吐鲁番 Turpan; 博尔塔拉 Bortala;
    巴音郭楞 Bayingolin; 阿克苏 Aksu; 克孜勒苏 Kizilsu; 喀什 Kashgar; 和田 Hotan; 伊犁 Ili;
    阿勒泰 Altay; 库尔勒 Korla; 库车 Kuqa; 阿图什 Artux; 奎屯 Kuytun; 霍尔果斯 Khorgas; 乌苏 Usu;
    阿拉尔 Aral; 图木舒克 Tumxuk; 可克达拉 Kokdala; 和硕 Hoxud; 沙雅 Xayar; 乌什 Uqturpan;
    阿瓦提 Awat; 柯坪 Kalpin; 阿克陶 Akto; 阿合奇 Akqi; 乌恰 Ulugqat; 英吉沙 Yengisar;
    麦盖提 Makit; 巴楚 Maralbexi; 塔什库尔干 Taxkorgan; 洛浦 Lop; 策勒 Qira; 察布查尔 Qapqal;
    尼勒克 Nilka; 托里 Toli; 和布克赛尔 Hoboksar; 布尔津 Burqin; 吉木乃 Jeminay; 木垒 Mori;
    巴里坤 Barkol; 吉木萨尔 Jimsar; 玛纳斯 Manas; 格尔木 Golmud; 茫崖 Mangnai; 果洛 Golog;
    阿坝 Ngawa; 甘孜 Garzê; 若尔盖 Zoigê; 色达 Sêrtar; 马尔康 Barkam; 香格里拉 Shangri-La;
    德钦 Dêqên; 白云鄂博 Bayan Obo; 和林格尔 Horinger; 阿尔山 Arxan; 沙依巴克 Saybag;
    阿克塞 Aksay; 特克斯 Tekes; 浪卡子 Nagarzê; 康巴什 Kangbashi; 称多 Chindu;
    伽师 Payzawat; 工布江达 Gongbo'gyamda
    """
)
_OWN_IN = {
    "71": _table(
        """
        台北 Taipei; 新北 New Taipei; 高雄 Kaohsiung; 台中 Taichung; 基隆 Keelung; 新竹 Hsinchu;
        嘉义 Chiayi; 彰化 Changhua; 屏东 Pingtung; 台东 Taitung; 花莲 Hualien; 金门 Kinmen;
        连江 Lienchiang
        """
    )
}

# Syllables of own names that are read so, and of characters that are read so in places' names.
_READ = _table(
    """
    六合 lu he; 乐亭 lao ting; 乐清 yue qing; 乐陵 lao ling; 长子 zhang zi; 单 shan; 浚 xun;
    蔚 yu; 涡阳 guo yang; 大城 dai cheng; 洪洞 hong tong; 繁峙 fan shi; 荥经 ying jing;
    筠连 jun lian; 什邡 shi fang; 朝阳 chao yang; 蚌山 beng shan; 万柏林 wan bai lin;
    曾都 zeng du; 穆棱 mu ling; 漯河 luo he; 红寺堡 hong si bu; 闵行 min hang; 珲春 hun chun;
    塘厦 tang xia; 覃塘 qin tang; 大涌 da chong; 麻涌 ma chong; 泊头 bo tou
    """
)
_CHARACTERS = {"长": "chang", "都": "du", "佛": "fo", "乐": "le"}

_PEOPLES = _table(
    """
    藏族 Tibetan; 维吾尔 Uyghur; 蒙古族 Mongol; 蒙古 Mongol; 回族 Hui; 壮族 Zhuang; 苗族 Miao;
    彝族 Yi; 侗族 Dong; 瑶族 Yao; 白族 Bai; 土家族 Tujia; 哈尼族 Hani; 哈萨克族 Kazakh;
    哈萨克 Kazakh; 傣族 Dai; 黎族 Li; 傈僳族 Lisu; 佤族 Wa; 畲族 She; 拉祜族 Lahu; 水族 Sui;
    东乡族 Dongxiang; 纳西族 Naxi; 景颇族 Jingpo; 柯尔克孜 Kyrgyz; 土族 Tu; 达斡尔族 Daur;
    仫佬族 Mulao; 羌族 Qiang; 布朗族 Bulang; 撒拉族 Salar; 毛南族 Maonan; 仡佬族 Gelao;
    锡伯 Xibe; 布依族 Buyei; 满族 Manchu; 朝鲜族 Korean; 塔吉克 Tajik; 怒族 Nu;
    鄂温克族 Evenki; 保安族 Bonan; 裕固族 Yugur; 独龙族 Derung; 鄂伦春 Oroqen; 普米族 Pumi;
    各族 Multi-ethnic
    """
)
# The longest that it ends with counts. The first are zones, which are named after where they are.
_ZONES = _table(
    """
    高新技术产业开发区 High-tech Development Zone; 高技术产业开发区 High-tech Development Zone;
    高新技术开发区 High-tech Development Zone; 高新区 High-tech Zone;
    高新技术产业园区 High-tech Industrial Park; 现代产业园区 Modern Industrial Park;
    工业园区 Industrial Park; 循环化工园区 Chemical Industry Park;
    经济技术开发区 Economic and Technological Development Zone;
    经济开发区 Economic Development Zone; 开发区 Development Zone; 管理区 Management Area;
    城乡一体化示范区 Urban-Rural Integration Zone; 示范区 Demonstration Zone;
    航空港经济综合实验区 Airport Economy Zone; 风景名胜区 Scenic Area; 新区 New Area;
    生态园 Ecological Park
    """
)
_KINDS = _ZONES | _table(
    """
    自治州 Autonomous Prefecture; 自治县 Autonomous County; 自治旗 Autonomous Banner;
    地区 Prefecture; 特区 Special District; 矿区 Mining District; 街道 Subdistrict; 省 Province;
    市 City; 区 District; 县 County; 盟 League; 旗 Banner; 镇 Town; 乡 Township
    """
)
_ENDS = sorted(_KINDS, key=len, reverse=True)
_PEOPLE = re.compile("|".join(sorted(_PEOPLES, key=len, reverse=True)))
_MUNICIPALITIES = ("11", "12", "31", "50")


def names(regions: Mapping[str, str], pinyin: Pinyin) -> dict[str, str]:
    """Return the English names of these divisions, by their codes."""
    return {code: _Name(code, regions, pinyin).said() for code in regions}


class _Name:
    """One division's name: `there` are the first two digits of its code, which are the
    province's.
    """

    def __init__(self, code: str, regions: Mapping[str, str], pinyin: Pinyin):
        self.called = regions[code]
        self.there = code[:2]
        self.above = [
            regions.get(above, "")
            for above in (f"{code[:2]}0000", f"{code[:4]}00")
            if above != code
        ]
        self.pinyin = pinyin

    def said(self) -> str:
        called = self.called
        whole = _WHOLE_IN.get(self.there, {}).get(called) or _WHOLE.get(called)
        if whole:
            return whole
        end = next((end for end in _ENDS if called.endswith(end)), "")
        if end == "新区" and len(called) == 3:  # 清新区 is the district of Qingxin
            end = "区"
        own = called.removesuffix(end)
        kind = "" if self.there in _MUNICIPALITIES and end == "市" else _KINDS.get(end, "")
        peoples = ""
        if end.startswith("自治") or own.endswith("族"):
            own, peoples = _of_peoples(own)
        words = self._zone(own) if end in _ZONES else [self._spelt(own)] if own else []
        return " ".join(filter(None, (*words, peoples, kind)))

    def _zone(self, own: str) -> list[str]:
        """A zone's name begins with where it is: 张家口市察北 is Zhangjiakou Chabei."""
        words = []
        for above in self.above:
            for begin in (above, _plain(above)):
                if begin and own.startswith(begin):
                    own = own.removeprefix(begin)
                    if above is self.above[-1] or not own:
                        words.append(self._spelt(_plain(above)))
                    break
        return [*words, self._spelt(own)] if own else words

    def _spelt(self, own: str) -> str:
        found = _OWN_IN.get(self.there, {}).get(own) or _OWN.get(own)
        return found or joined(self._read(own))

    def _read(self, own: str) -> list[str]:
        if own in _READ:
            return _READ[own].split()
        read = self.pinyin(own)
        return [_CHARACTERS.get(written, said) for written, said in zip(own, read, strict=True)]


def joined(syllables: list[str]) -> str:
    """Join syllables into one word: Xi'an has its apostrophe (GB/T 16159, 5)."""
    word = syllables[0]
    for syllable in syllables[1:]:
        word += f"'{syllable}" if syllable[0] in "aoe" else syllable
    return word[0].upper() + word[1:]


def _plain(called: str) -> str:
    """Return 福建 for 福建省, 三明 for 三明市."""
    return re.sub(r"(自治区|省|市)$", "", called)


def _of_peoples(own: str) -> tuple[str, str]:
    """Return a place's name and its peoples: 恩施土家族苗族 is Enshi, Tujia and Miao."""
    begin = re.search(rf"({_PEOPLE.pattern})+$", own)
    if begin is None:
        return own, ""
    *others, last = dict.fromkeys(_PEOPLES[each] for each in _PEOPLE.findall(begin[0]))
    return own[: begin.start()], f"{', '.join(others)} and {last}" if others else last
